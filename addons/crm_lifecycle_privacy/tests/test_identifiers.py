from odoo.tests import BaseCase, tagged

from odoo.addons.crm_lifecycle_privacy.erasure.identifiers import Identifiers


@tagged("post_install", "-at_install")
class TestIdentifiers(BaseCase):
    """Names, addresses and numbers in texts, however they are written."""

    def _scrub(self, text, **values):
        return Identifiers(**values).scrub(text)

    def test_texts_are_found_without_regard_to_case_and_punctuation(self):
        for text, clean in (
            ("Ask ada@example.com.", "Ask …."),
            ("ADA@EXAMPLE.COM, please", "…, please"),
            ("adams@example.com", "adams@example.com"),
            ("ada@example.community", "ada@example.community"),
        ):
            self.assertEqual(self._scrub(text, texts=["ada@example.com"]), clean)

    def test_each_word_of_a_name_is_found(self):
        values = {"texts": ["Ada Lovelace"], "names": ["Ada Lovelace"]}
        for text, clean in (
            ("Ada Lovelace called", "… called"),
            ("Ms. Lovelace called", "Ms. … called"),
            ("ada and Adam", "… and Adam"),
        ):
            self.assertEqual(self._scrub(text, **values), clean)

    def test_words_of_companies_are_not_names(self):
        values = {"texts": ["Green Bank"]}
        self.assertEqual(self._scrub("A green day", **values), "A green day")
        self.assertEqual(self._scrub("Green Bank Ltd", **values), "… Ltd")

    def test_chinese_names_are_found_in_a_sentence(self):
        values = {"texts": ["张三丰"], "names": ["张三丰"]}
        self.assertEqual(self._scrub("客户张三丰来电", **values), "客户…来电")
        self.assertEqual(self._scrub("三张票", **values), "三张票")

    def test_short_words_are_left(self):
        values = {"texts": ["Li"], "names": ["Li Wei"]}
        self.assertEqual(self._scrub("Li bought li", **values), "Li bought li")
        self.assertEqual(self._scrub("Wei", **values), "…")

    def test_numbers_are_found_by_their_digits(self):
        for text, clean in (
            ("+33612345678", "…"),
            ("06 12 34 56 78 now", "… now"),
            ("(612) 345-678", "…"),
            ("0033 6.12.34.56.78", "…"),
            ("612345679", "612345679"),
            ("12345", "12345"),
        ):
            self.assertEqual(self._scrub(text, numbers=["+33 6 12 34 56 78"]), clean)

    def test_json_keeps_its_keys(self):
        values = Identifiers(texts=["Ada"])
        self.assertEqual(
            values.scrub_json({"Ada": ["Ada", 1, None, {"x": "for Ada"}]}),
            {"Ada": ["…", 1, None, {"x": "for …"}]},
        )

    def test_many_persons_are_merged_without_single_words(self):
        ada = Identifiers(texts=["Ada Green"], names=["Ada Green"])
        bob = Identifiers(texts=["Bob Hill"], numbers=["555 01 02 03"])
        both = Identifiers.merge([ada, bob])
        self.assertEqual(both.scrub("Ada Green, green hill"), "…, green hill")
        self.assertTrue(both.find("5550102 03"))
        self.assertFalse(Identifiers.merge([]))
        self.assertEqual(Identifiers().scrub("any"), "any")
