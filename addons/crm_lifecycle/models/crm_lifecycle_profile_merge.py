"""One profile per customer: conversions and merges that keep the history."""

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL

from ..engine import statements
from ..moves import MoveService


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _get_customer(self):
        """Return the present commercial partner of the profile's subject."""
        self.ensure_one()
        subject = self.partner_id or self.lead_id.partner_id
        return subject.commercial_partner_id

    def _lifecycle_convert(self, customer=None, origin="convert", document=None):
        """Turn the profiles into profiles of their present customers.

        A lead has got a customer, a contact has become part of a company, or contacts
        are merged (then ``customer`` is the contact that remains). The profile becomes
        the customer's, or is merged into the customer's existing one with the rights of
        the user of ``self``, see `_merge_from`.

        :param document: the lead or contact that remains, for notes that are not
            merged; by default the subject of the profile
        """
        self._keep_objections(customer)
        # sudo: all profiles are converted, even if the user can't see them.
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
                target.with_env(self.env)._merge_from(profile, origin, document)
            else:
                profile._reassign({"partner_id": partner.id, "lead_id": False})
                target = profile
            target._sync_archived(partner)
            target._mark_pending(review=True)

    def _reassign(self, subject):
        """Change the subject of the profile and of its history."""
        self.ensure_one()
        MoveService(self.env).write_unchecked(self, subject)
        self._merge_history(self)

    def _merge_from(self, sources, origin="merge", document=None):
        """Merge other profiles into this one, as if they had always been one.

        The stage of the profile with the stronger claim remains, and the history of all
        of them, see `MoveService.merge`.

        Salesperson, pin, hold and notes are merged if the user of ``self`` may write
        this profile, or is the superuser. Otherwise this profile keeps its values, and
        notes of the sources are kept as log notes. Notes that the user may read go to
        ``document``, by default the lead or contact of the source; other notes go to
        this profile, with the messages of the source.
        """
        self.ensure_one()
        is_writer = bool(self._filter_writable())
        owner = self._get_merged_owner(sources) if is_writer else self.sudo().user_id
        # sudo: the values to merge are decided above.
        target = self.sudo().with_context(active_test=False)
        moves = MoveService(target.env)
        for source in sources:
            moves.merge(target, source, origin)
            target._merge_facts(source)
            target._merge_history(source)
        vals = {"is_manual": any((target | sources).mapped("is_manual"))}
        if is_writer:
            vals |= target._get_merged_vals(sources, owner)
        else:
            seen = sources.with_env(self.env)._in_all_companies()
            sources._keep_notes(document, seen._filtered_access("read").ids)
        moves.write_unchecked(target, vals)
        target._merge_related_records(sources, is_writer=is_writer)
        target._merge_references(sources)
        sources.unlink()
        target._mark_pending(review=True)

    def _merge_facts(self, source):
        """Combine the facts of two profiles until the next run counts them.

        In raw SQL, so that no automation rule takes it for news of the customer.
        """
        combination = {
            name: self._fields[name].fact for name in self._get_fact_fields()
        }
        self.env.flush_all()
        self.env.cr.execute(
            statements.combine_profiles(combination, self.id, source.id)
        )
        self.invalidate_recordset()
        self._sync_follow_up(self.ids)

    def _get_merged_owner(self, sources):
        """Return the salesperson of the profile after a merge.

        It is the salesperson of this profile, or of the first source that has one.
        However, a contact of another salesperson keeps them: users who may not write
        its profile can't take it over by merging it into their own customer.
        """
        # sudo: the owner counts even if the user can't read the profile.
        target = self.sudo()
        if not self.env.su:
            contacts = sources.filtered(lambda item: item.partner_id and item.user_id)
            theirs = contacts.with_env(self.env)
            theirs -= theirs._filter_writable()
            if theirs:
                return theirs.sudo().user_id[:1]
        return (target | sources).user_id[:1]

    def _get_merged_vals(self, sources, owner):
        """Return the merged salesperson, pin, hold and notes of profiles.

        A hold is about a stage: those of other stages end with them.
        """
        profiles = self | sources
        pins = [date for date in profiles.mapped("pinned_until") if date]
        alike = profiles.filtered(lambda item: item.stage_id == self.stage_id)
        holds = [date for date in alike.mapped("held_until") if date]
        return {
            "user_id": owner.id,
            "pinned_until": max(pins, default=False),
            "held_until": max(holds, default=False),
            "note": "".join(note for note in profiles.mapped("note") if note),
        }

    def _keep_notes(self, document, readable_ids):
        """Log the notes of profiles that are merged, see `_merge_from`."""
        for profile in self.filtered("note"):
            is_readable = profile.id in readable_ids
            subject = document or profile.lead_id or profile.partner_id
            # sudo: the user has just written the subject, but may have lost access.
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

    def _merge_history(self, sources):
        """Transfer the history of other profiles to this one.

        In raw SQL, since the ORM refuses to write history. Only the subject of the rows
        changes, not the moves.
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
        self._merge_playbook_logs(sources)

    def _merge_related_records(self, sources, *, is_writer=True):
        """Transfer activities, messages, attachments and meetings.

        Extension point: transfer what an addon keeps on the sources. If only one record
        of a kind may remain, this profile keeps its own unless ``is_writer``.
        """
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
        for name, field in (("mail.message", "model"), ("ir.attachment", "res_model")):
            self.env[name].search(
                [(field, "=", self._name), ("res_id", "in", sources.ids)]
            ).write({"res_id": self.id})
        self.env["calendar.event"].with_context(active_test=False).search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})

    def _merge_references(self, sources):
        """Transfer all else that refers to other profiles, of any addon.

        Where a unique index allows one row only, this profile keeps its own.
        """
        Merge = self.env["base.partner.merge.automatic.wizard"]
        Merge._update_foreign_keys_generic(self._name, sources, self)
        Merge._update_reference_fields_generic(self._name, sources, self)
        self.env.invalidate_all()
