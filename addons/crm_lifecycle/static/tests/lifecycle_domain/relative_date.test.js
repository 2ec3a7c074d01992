import { beforeEach, expect, test } from "@odoo/hoot";
import { allowTranslations } from "@web/../tests/web_test_helpers";
import {
    describeRelativeDate,
    isRelativeDate,
    RelativeDate,
} from "@crm_lifecycle/lifecycle_domain/relative_date";

beforeEach(allowTranslations);

test("tell relative dates from fixed ones", () => {
    for (const value of ["today", "today -90d", "today +2w", "-30d", "today =1d -1m"]) {
        expect(isRelativeDate(value)).toBe(true, { message: value });
    }
    for (const value of ["", "2026-03-02", "2026-03-02 12:00:00", false, 90]) {
        expect(isRelativeDate(value)).toBe(false, { message: String(value) });
    }
});

test("describe relative dates in words", () => {
    expect(describeRelativeDate("today")).toBe("today");
    expect(describeRelativeDate("today -90d")).toBe("90 days ago");
    expect(describeRelativeDate("today -1y")).toBe("1 year ago");
    expect(describeRelativeDate("today +2w")).toBe("in 2 weeks");
});

test("show what has no simple words as it is", () => {
    expect(describeRelativeDate("today =1d -1m")).toBe("today =1d -1m");
    expect(describeRelativeDate("2026-03-02")).toBe("2026-03-02");
});

test("edit the number and the unit apart", () => {
    const updates = [];
    const editor = Object.assign(Object.create(RelativeDate.prototype), {
        props: { type: "date", value: "today -90d", update: (v) => updates.push(v) },
    });
    expect(editor.mode).toBe("-d");
    expect(editor.amount).toBe(90);
    editor.updateAmount("60");
    editor.updateMode("+m");
    editor.updateMode("today");
    editor.updateAmount("0");
    expect(updates).toEqual(["today -60d", "today +90m", "today", "today"]);
});
