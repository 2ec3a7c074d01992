"""One customer, one profile: conversions and merges that lose no history."""

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL

from ..moves import MoveService


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _get_customer(self):
        """Return the commercial partner whom the profile is about by now."""
        self.ensure_one()
        subject = self.partner_id or self.lead_id.partner_id
        return subject.commercial_partner_id

    def _lifecycle_convert(self, customer=None, origin="convert", document=None):
        """Give the profiles to the customer that they are about by now.

        A lead has got a customer, a contact has become part of a company, or
        contacts are merged (then ``customer`` is the contact that remains). The
        profile becomes the customer's, or is merged into the one they have, with the
        rights of the user of ``self``, see `_lifecycle_absorb`.

        :param document: the lead or contact that remains, for notes that are not
            merged; by default the one that the profile is about
        """
        self._keep_objections(customer)
        # Kept whole whoever converts: a salesperson may not see them all.
        for profile in self.sudo().with_context(active_test=False):
            partner = (customer or profile._get_customer()).sudo()
            partner = partner.commercial_partner_id
            if not partner or profile.partner_id == partner:
                continue
            target = profile.search(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", profile.company_id.id),
                ]
            )
            if target:
                target.with_env(self.env)._lifecycle_absorb(profile, origin, document)
            else:
                profile._become({"partner_id": partner.id, "lead_id": False})
                target = profile
            target._touch(review=True)

    def _become(self, subject):
        """Change what the profile is about, and its history with it."""
        self.ensure_one()
        MoveService(self.env).write_past_checks(self, subject)
        self._adopt_history(self)

    def _lifecycle_absorb(self, sources, origin="merge", document=None):
        """Take over the history, activities and messages of other profiles.

        The stage of this profile stands: a row of history closes the stay of
        each other one. Where this profile has no stage yet, it takes theirs.

        Salesperson, pin and notes are merged where the user of ``self`` may write
        this profile, or is the superuser. Otherwise the values of this profile stand,
        and notes of the sources are kept as log notes. Notes that the user may read go
        to ``document``, by default the lead or contact that the source is about; other
        notes go to this profile, with the messages of the source.
        """
        self.ensure_one()
        is_writer = bool(self._filter_writable())
        owner = self._get_merged_owner(sources) if is_writer else self.sudo().user_id
        # As superuser: what is the target's own is decided above.
        target = self.sudo().with_context(active_test=False)
        moves = MoveService(target.env)
        moves.absorb(target, sources, origin)
        target._adopt_history(sources)
        vals = {"is_manual": any((target | sources).mapped("is_manual"))}
        if is_writer:
            vals |= target._get_merged_vals(sources, owner)
        else:
            seen = sources.with_env(self.env)._in_all_companies()
            sources._keep_notes(document, seen._filtered_access("read").ids)
        moves.write_past_checks(target, vals)
        target._adopt_documents(sources, is_writer=is_writer)
        sources.unlink()

    def _get_merged_owner(self, sources):
        """Return the salesperson of the profile after other ones are merged into it.

        That is this profile's own, else that of the first source that has one. But
        another salesperson's contact stays theirs: who may not write its profile can't
        take it over by merging it into a customer of their own.
        """
        # The owner counts also where the user may not read the profile.
        target = self.sudo()
        if not self.env.su:
            contacts = sources.filtered(lambda item: item.partner_id and item.user_id)
            theirs = contacts.with_env(self.env)
            theirs -= theirs._filter_writable()
            if theirs:
                return theirs.sudo().user_id[:1]
        return (target | sources).user_id[:1]

    def _get_merged_vals(self, sources, owner):
        """Return salesperson, pin and notes of this profile and others together."""
        profiles = self | sources
        pins = [date for date in profiles.mapped("pinned_until") if date]
        return {
            "user_id": owner.id,
            "pinned_until": max(pins, default=False),
            "note": "".join(note for note in profiles.mapped("note") if note),
        }

    def _keep_notes(self, document, readable_ids):
        """Log the notes of profiles that go away, see `_lifecycle_absorb`."""
        for profile in self.filtered("note"):
            is_readable = profile.id in readable_ids
            subject = document or profile.lead_id or profile.partner_id
            # The user has just written the subject, and may see it no longer.
            record = subject.sudo() if is_readable else profile
            author = self.env.user if is_readable else self.env.ref("base.user_root")
            record.message_post(
                author_id=author.partner_id.id,
                body=Markup("<p>%s</p>%s")
                % (
                    self.env._(
                        "Notes from the customer profile. They were not added to the "
                        "profile of the customer, which belongs to another "
                        "salesperson:"
                    ),
                    profile.note,
                ),
                subtype_xmlid="mail.mt_note",
            )

    def _adopt_history(self, sources):
        """Let the history of other profiles be this one's.

        In plain SQL, since the ORM refuses to write history: only whose rows
        these are changes, never what they tell.
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_history
                   SET profile_id = %s, partner_id = %s, lead_id = COALESCE(lead_id, %s)
                 WHERE profile_id = ANY(%s)
                """,
                self.id,
                self.partner_id.id or None,
                self.lead_id.id or None,
                sources.ids,
            )
        )
        self.env["crm.lifecycle.history"].invalidate_model()
        (self | sources).invalidate_recordset(["history_ids"])
        self._adopt_steps(sources)

    def _adopt_documents(self, sources, *, is_writer=True):
        """Take over activities, messages and attachments.

        Extension point: take over what an addon has of the sources. Where only one
        record of a kind may remain, this profile's own stands unless ``is_writer``.
        """
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
        self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
