/**
 * Layout of a flow diagram: bars of the stages left on one side and entered on the
 * other, joined by bands as thick as their number of moves. Open visits have their own
 * bar.
 */
export const BAR = 14;
const GAP = 10;
const SMALLEST = 2;
// Key of the bar of open visits.
export const OPEN = "open";
export const OUT = "out";

function getTarget(flow) {
    return flow.to ? `s${flow.to}` : flow.is_open ? OPEN : OUT;
}

/** Return the bars of one side, in order, with room for all bands. */
function stack(keys, totals, x, height) {
    const present = keys.filter((key) => totals.get(key));
    const sum = present.reduce((total, key) => total + totals.get(key), 0);
    const room = height - GAP * Math.max(present.length - 1, 0);
    let y = 0;
    return present.map((key) => {
        const size = Math.max(SMALLEST, (totals.get(key) / sum) * room);
        const bar = { key, x, y, height: size, count: totals.get(key), used: 0 };
        y += size + GAP;
        return bar;
    });
}

function sumBy(flows, getKey) {
    const totals = new Map();
    for (const flow of flows) {
        const key = getKey(flow);
        totals.set(key, (totals.get(key) || 0) + flow.count);
    }
    return totals;
}

/** Return the outline of a band between two heights. */
function drawBand(left, right, width) {
    const middle = width / 2;
    const [x1, x2] = [BAR, width - BAR];
    return [
        `M ${x1} ${left.top}`,
        `C ${middle} ${left.top} ${middle} ${right.top} ${x2} ${right.top}`,
        `V ${right.bottom}`,
        `C ${middle} ${right.bottom} ${middle} ${left.bottom} ${x1} ${left.bottom}`,
        "Z",
    ].join(" ");
}

/** Reserve the next part of a bar for a number of moves. */
function take(bar, count) {
    const size = (count / bar.count) * bar.height;
    const top = bar.y + bar.used;
    bar.used += size;
    return { top, bottom: top + size };
}

/**
 * @param {{stages: {id: number, name: string, category: string}[],
 *     flows: {from: number, to: number|false, is_open: boolean, count: number}[]}} data
 * @param {{width: number, height: number}} size
 */
export function layOut({ stages, flows }, { width, height }) {
    const byKey = new Map(stages.map((stage) => [`s${stage.id}`, stage]));
    const keys = [...byKey.keys(), OPEN, OUT];
    const place = (key) => keys.indexOf(key);
    const lefts = stack(keys, sumBy(flows, (flow) => `s${flow.from}`), 0, height);
    const rights = stack(keys, sumBy(flows, getTarget), width - BAR, height);
    const find = (bars, key) => bars.find((bar) => bar.key === key);
    const ordered = [...flows].sort(
        (a, b) =>
            place(`s${a.from}`) - place(`s${b.from}`) ||
            place(getTarget(a)) - place(getTarget(b))
    );
    const leftParts = new Map(
        ordered.map((flow) => [flow, take(find(lefts, `s${flow.from}`), flow.count)])
    );
    // Order the bands from top to bottom on the other side too, so that fewer cross.
    const bands = ordered.map((flow) => {
        const right = take(find(rights, getTarget(flow)), flow.count);
        return {
            ...flow,
            source: byKey.get(`s${flow.from}`),
            target: byKey.get(`s${flow.to}`),
            share: flow.count / find(lefts, `s${flow.from}`).count,
            path: drawBand(leftParts.get(flow), right, width),
        };
    });
    const withStage = (bar) => ({ ...bar, stage: byKey.get(bar.key) });
    return { lefts: lefts.map(withStage), rights: rights.map(withStage), bands };
}
