import { expect, test } from "@odoo/hoot";
import { BOX, layOut, wrap } from "@crm_lifecycle/lifecycle_path/path_layout";

function draw(count, ways) {
    return layOut({
        stages: Array.from({ length: count }, (_none, index) => ({
            name: `Stage ${index}`,
        })),
        arrows: ways.map(([from, to]) => ({ from, to, rules: [] })),
    });
}

/** The horizontal and vertical parts of an arrow, without corners. */
function partsOf({ line }) {
    const parts = [];
    let [x, y] = [0, 0];
    for (const [, command, rest] of line.matchAll(/([MVHQ])([^MVHQ]*)/g)) {
        const numbers = rest.trim().split(/\s+/).map(Number);
        const [nextX, nextY] = {
            M: numbers,
            V: [x, numbers[0]],
            H: [numbers[0], y],
            Q: numbers.slice(2),
        }[command];
        if (command === "H" || command === "V") {
            const order = (a, b) => a - b;
            parts.push({
                command,
                x: [x, nextX].sort(order),
                y: [y, nextY].sort(order),
            });
        }
        [x, y] = [nextX, nextY];
    }
    return parts;
}

test("stages stand in one row, in their order, without touching", () => {
    const { boxes, width } = draw(8, []);
    for (let index = 1; index < boxes.length; index++) {
        expect(boxes[index].x).toBeGreaterThan(boxes[index - 1].x + BOX.width);
        expect(boxes[index].y).toBe(boxes[0].y);
    }
    expect(width).toBeGreaterThan(boxes.at(-1).x + BOX.width);
});

test("the way to the next stage is straight, others run above and below", () => {
    const { boxes, links } = draw(3, [
        [0, 1],
        [0, 2],
        [2, 1],
    ]);
    const [next, far, back] = links;
    expect(next.line).toMatch(/^M \d+ \d+ H \d+$/);
    expect(far.label.y).toBeLessThan(boxes[0].y);
    expect(back.label.y).toBeGreaterThan(boxes[0].y + BOX.height);
});

test("no two arrows lie on each other, whatever ways there are", () => {
    const ways = [];
    for (let from = 0; from < 6; from++) {
        for (let to = 0; to < 6; to++) {
            if (from !== to) {
                ways.push([from, to]);
            }
        }
    }
    const { links, height } = draw(6, ways);
    const lanes = links
        .filter(({ from, to }) => to !== from + 1)
        .flatMap((link) => partsOf(link).filter(({ command }) => command === "H"));
    for (const one of lanes) {
        for (const other of lanes) {
            if (one !== other && one.y[0] === other.y[0]) {
                expect(one.x[1] <= other.x[0] || other.x[1] <= one.x[0]).toBe(true);
            }
        }
        expect(one.y[0]).toBeGreaterThan(0);
        expect(one.y[0]).toBeLessThan(height);
    }
});

test("a way within another does not cross it", () => {
    const { links } = draw(5, [
        [0, 4],
        [0, 2],
        [2, 4],
    ]);
    const [outer, ...inner] = links.map(partsOf);
    const lane = outer.find(({ command }) => command === "H");
    for (const parts of inner) {
        const innerLane = parts.find(({ command }) => command === "H");
        expect(innerLane.y[0]).toBeGreaterThan(lane.y[0]);
    }
});

test("names are broken into at most two lines", () => {
    expect(wrap("Prospect")).toEqual(["Prospect"]);
    expect(wrap("Retain & Loyalty")).toEqual(["Retain & Loyalty"]);
    expect(wrap("Customers who buy again")).toEqual(["Customers who", "buy again"]);
    expect(wrap("潜在客户")).toEqual(["潜在客户"]);
    expect(wrap("初次成交之后的老客户")).toEqual(["初次成交之后的老", "客户"]);
    expect(wrap("A long name of a stage that does not fit in a box")).toEqual([
        "A long name of a",
        "stage that does…",
    ]);
    expect(wrap("Donaudampfschifffahrt")).toEqual(["Donaudampfschiff…"]);
    expect(wrap("")).toEqual([""]);
});
