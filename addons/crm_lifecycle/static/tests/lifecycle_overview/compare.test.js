import { beforeEach, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import { compare } from "@crm_lifecycle/lifecycle_overview/lifecycle_overview";

beforeEach(allowTranslations);

const text = (value, previous) => compare(value, previous)?.text;

test("a number is compared with that of the year before in percent", () => {
    expect(text(150, 100)).toBe("+50 %");
    expect(text(70, 100)).toBe("-30 %");
    expect(text(0, 100)).toBe("-100 %");
    expect(text(1004, 1000)).toBe("0 %");
    expect(String(text(5, 0))).toBe("new");
});

test("more is good, less is bad", () => {
    expect(compare(2, 1).style).toBe("text-success");
    expect(compare(1, 2).style).toBe("text-danger");
});

test("what is not known is not compared", () => {
    expect(compare(false, 100)).toBe(null);
    expect(compare(100, false)).toBe(null);
    expect(compare(0, 0)).toBe(null);
    expect(compare(10, -5)).toBe(null);
});
