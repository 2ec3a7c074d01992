/**
 * Layout of the boxes and arrows of a path. Stages are in one row, in their order. An
 * arrow to the next stage is straight; longer arrows forward run above the row, arrows
 * back below it, each in its own lane if it would touch another one.
 */
export const BOX = { width: 124, height: 54, gap: 58 };
const LANE = 22;
const RADIUS = 8;
const HEAD = 7;
const MARGIN = 12;

// Positions of a label along its arrow, the best first.
const PLACES = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8];
const LABEL = 22;
// Number of characters in a line of a box; wide characters count twice.
const LINE = 16;

const span = ({ from, to }) => Math.abs(to - from);
const isStraight = ({ from, to }) => to === from + 1;

/**
 * Return the x of each end of the links on one side of the row. Short links end at
 * the edge of a box that faces the other box, so that none crosses a link inside it.
 */
function placePorts(links, boxes) {
    const ports = new Map(links.map((link) => [link, {}]));
    boxes.forEach((box, index) => {
        const ends = [];
        for (const link of links) {
            for (const end of ["from", "to"]) {
                if (link[end] === index) {
                    const other = end === "from" ? link.to : link.from;
                    const side = other < index ? -1 : 1;
                    ends.push({ link, end, side, reach: side * (100 - span(link)) });
                }
            }
        }
        ends.sort((a, b) => a.side - b.side || a.reach - b.reach);
        ends.forEach(({ link, end }, place) => {
            ports.get(link)[end] =
                box.x + (BOX.width * (place + 1)) / (ends.length + 1);
        });
    });
    return ports;
}

/** Return the lane of each link: the lowest one that is free along the link. */
function assignLanes(links, ports) {
    const taken = [];
    const lanes = new Map();
    for (const link of [...links].sort((a, b) => span(a) - span(b))) {
        const { from, to } = ports.get(link);
        const [start, end] = [Math.min(from, to), Math.max(from, to)];
        let lane = 0;
        while (
            taken[lane]?.some((other) => start < other.end + 4 && end > other.start - 4)
        ) {
            lane++;
        }
        taken[lane] = [...(taken[lane] || []), { start, end }];
        lanes.set(link, lane);
    }
    return { lanes, count: taken.length };
}

/** Draw an arrowhead at (x, y), pointing along (dx, dy). */
function drawHead(x, y, dx, dy) {
    const [backX, backY] = [x - dx * HEAD, y - dy * HEAD];
    const [sideX, sideY] = [dy * HEAD * 0.6, dx * HEAD * 0.6];
    return [
        [x, y],
        [backX + sideX, backY + sideY],
        [backX - sideX, backY - sideY],
    ]
        .map((point) => point.join(","))
        .join(" ");
}

function drawStraight(link, boxes) {
    const y = boxes[link.from].y + BOX.height / 2;
    const start = boxes[link.from].x + BOX.width;
    const end = boxes[link.to].x;
    return {
        ...link,
        line: `M ${start} ${y} H ${end - HEAD}`,
        head: drawHead(end, y, 1, 0),
        label: { x: (start + end) / 2 - 2, y: y - 13 },
    };
}

/** Return the x of a label on an arc, away from the ends of other arrows. */
function placeLabel(link, ports) {
    const { from, to } = ports.get(link);
    const others = [...ports]
        .filter(([other]) => other !== link)
        .flatMap(([, { from, to }]) => [from, to]);
    const places = PLACES.map((place) => from + (to - from) * place);
    const isFree = (x) => others.every((other) => Math.abs(other - x) > LABEL);
    return places.find(isFree) ?? places[0];
}

/** `edge` is the y of the boxes' edge, `way` is -1 for a lane above it, 1 for below. */
function drawArc(link, ports, lane, edge, way) {
    const { from, to } = ports.get(link);
    const y = edge + way * (LANE * (lane + 1));
    const turn = Math.sign(to - from) * RADIUS;
    const line = [
        `M ${from} ${edge}`,
        `V ${y - way * RADIUS}`,
        `Q ${from} ${y} ${from + turn} ${y}`,
        `H ${to - turn}`,
        `Q ${to} ${y} ${to} ${y - way * RADIUS}`,
        `V ${edge + way * HEAD}`,
    ].join(" ");
    return {
        ...link,
        line,
        head: drawHead(to, edge, 0, -way),
        label: { x: placeLabel(link, ports), y },
    };
}

/** Break a name into at most two lines that fit in a box. */
export function wrap(name) {
    const size = (text) =>
        [...text].reduce((sum, char) => sum + (char > "\u2e80" ? 2 : 1), 0);
    const lines = [""];
    // A word, or a single wide character, may begin a line.
    for (const piece of name.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+|\s+/g) || []) {
        const line = lines.at(-1) + piece;
        if (size(line.trim()) <= LINE || !lines.at(-1)) {
            lines[lines.length - 1] = line;
        } else {
            lines.push(piece.trim());
        }
    }
    const [first, second, ...rest] = lines.map((line) => line.trim());
    const cut = (text, more) => {
        let short = text;
        while (size(short) > LINE - (more ? 1 : 0)) {
            short = short.slice(0, -1);
        }
        return more || short !== text ? `${short}…` : short;
    };
    return second === undefined
        ? [cut(first, false)]
        : [cut(first, false), cut(second, rest.length > 0)];
}

/**
 * @param {{stages: Object[], arrows: {from: number, to: number}[]}} path
 * @returns {{width: number, height: number, boxes: Object[], links: Object[]}}
 */
export function layOut({ stages, arrows }) {
    const column = (index) => MARGIN + index * (BOX.width + BOX.gap);
    const boxes = stages.map((stage, index) => ({
        ...stage,
        lines: wrap(stage.name),
        x: column(index),
        y: 0,
    }));
    const links = arrows.map((arrow, index) => ({ ...arrow, index }));
    const above = links.filter((link) => link.to > link.from && !isStraight(link));
    const below = links.filter((link) => link.to < link.from);
    const sides = [above, below].map((side) => {
        const ports = placePorts(side, boxes);
        return { ports, ...assignLanes(side, ports) };
    });
    const top = MARGIN + sides[0].count * LANE;
    for (const box of boxes) {
        box.y = top;
    }
    const draw = (link) => {
        if (isStraight(link)) {
            return drawStraight(link, boxes);
        }
        const isBack = link.to < link.from;
        const { ports, lanes } = sides[isBack ? 1 : 0];
        const edge = isBack ? top + BOX.height : top;
        return drawArc(link, ports, lanes.get(link), edge, isBack ? 1 : -1);
    };
    return {
        width: column(stages.length) - BOX.gap + MARGIN,
        height: top + BOX.height + sides[1].count * LANE + MARGIN,
        boxes,
        links: links.map(draw),
    };
}
