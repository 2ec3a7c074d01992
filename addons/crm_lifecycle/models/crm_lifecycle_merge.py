"""One customer, one profile: conversions and merges that lose no history."""

from odoo import models
from odoo.tools import SQL

from .crm_lifecycle_profile import WriterPass


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _get_customer(self):
        """Return the commercial partner whom the profile is about by now."""
        self.ensure_one()
        subject = self.partner_id or self.lead_id.partner_id
        return subject.commercial_partner_id

    def _lifecycle_convert(self, customer=None, origin="convert"):
        """Give the profiles to the customer that they are about by now.

        A lead has got a customer, a contact has become part of a company, or
        contacts are merged (then ``customer`` is the contact that remains). The
        profile becomes the customer's, or is merged into the one they have.
        """
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
                target._lifecycle_absorb(profile, origin)
            else:
                profile._become({"partner_id": partner.id, "lead_id": False})
                target = profile
            target._touch(review=True)

    def _become(self, subject):
        """Change what the profile is about, and its history with it."""
        self.ensure_one()
        self.with_context(lifecycle_writer=WriterPass()).write(subject)
        self._adopt_history(self)

    def _lifecycle_absorb(self, sources, origin="merge"):
        """Take over the history, activities and messages of other profiles.

        The stage of this profile stands: a row of history closes the stay of
        each other one. Where this profile has no stage yet, it takes theirs.
        """
        self.ensure_one()
        self.env.flush_all()
        for source in sources:
            if source.stage_id and not self.stage_id:
                self._write_stage(source.stage_id, source.stage_date, quiet=True)
            elif source.stage_id:
                self.env["crm.lifecycle.history"]._record(
                    source.ids,
                    self.stage_id,
                    date=self.company_id._lifecycle_today(),
                    origin=origin,
                    reason=source.display_name,
                    quiet=True,
                )
        self._adopt_history(sources)
        pins = [date for date in (self | sources).mapped("pinned_until") if date]
        self.with_context(lifecycle_writer=WriterPass()).write(
            {
                "user_id": (self | sources).user_id[:1].id,
                "pinned_until": max(pins, default=False),
                "is_manual": any((self | sources).mapped("is_manual")),
                "note": "".join(
                    note for note in (self | sources).mapped("note") if note
                ),
            }
        )
        self._adopt_documents(sources)
        sources.unlink()

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

    def _adopt_documents(self, sources):
        """Take over activities, messages and attachments."""
        self.env["mail.activity"].with_context(active_test=False).search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
        self.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
        self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "in", sources.ids)]
        ).write({"res_id": self.id})
