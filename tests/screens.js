/**
 * Open each screen of the test, in one session of the web client, and report the
 * result: whether a typed text had an effect, and which of the texts are shown.
 *
 * The test runs it in the page with `SCREENS` (see test_escaping_screens.py) before it.
 */
const WAIT = 60000;
const QUIET = 5; // checks in a row without a pending request to the server
const asked = new Set();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let env;

async function until(what, condition, wait = WAIT) {
    const end = Date.now() + wait;
    while (Date.now() < end) {
        const found = condition();
        if (found) {
            return found;
        }
        await sleep(50);
    }
    throw new Error(`Nothing of ${what}`);
}

/** Track the requests of the client that have no response yet. */
function listen() {
    const { rpcBus } = odoo.loader.modules.get("@web/core/network/rpc");
    rpcBus.addEventListener("RPC:REQUEST", (ev) => asked.add(ev.detail.data.id));
    rpcBus.addEventListener("RPC:RESPONSE", (ev) => asked.delete(ev.detail.data.id));
}

/** Wait for the data: screens appear before it, and some send requests repeatedly. */
async function settle(screen) {
    let quiet = 0;
    await until(`an end of ${screen.name}`, () => {
        quiet = asked.size || getCells().includes("Loading...") ? 0 : quiet + 1;
        return quiet >= QUIET;
    });
}

/** Return the documents of the page: its own, and those of the frames with HTML. */
function getDocuments() {
    const frames = [...document.querySelectorAll("iframe")];
    return [document, ...frames.map((frame) => frame.contentDocument).filter(Boolean)];
}

/** Return the parts of a typed text that are HTML; all of them should be text. */
function getLive() {
    const live = [];
    if (window.payloadRan) {
        live.push(`ran: ${window.payloadRan}`);
        window.payloadRan = undefined;
    }
    for (const page of getDocuments()) {
        for (const element of page.querySelectorAll("*")) {
            for (const { name, value } of element.attributes) {
                const isCode = name.startsWith("on") || /^\s*javascript:/i.test(value);
                if (isCode && value.includes("payloadRan")) {
                    live.push(`<${element.tagName} ${name}="${value}">`);
                }
            }
            if (element.tagName === "SCRIPT" && /^\s*window\.payloadRan/.test(element.text)) {
                live.push("a script");
            }
        }
        if (page.querySelector("img[src='x'], img[src$='/x']")) {
            live.push("an image");
        }
        if (page.body.textContent.includes("54444439")) {
            live.push("a template was worked out");
        }
    }
    return live;
}

/** Return the cells of an open dashboard, which are drawn on a canvas. */
function getCells() {
    const model = env.services.spreadsheet_dashboard_loader?.getActiveDashboard?.()?.model;
    if (!model || !document.querySelector(".o-spreadsheet")) {
        return [];
    }
    return model.getters
        .getSheetIds()
        .flatMap((id) => Object.values(model.getters.getEvaluatedCells(id)))
        .map((cell) => `${cell.value}`);
}

/** Return all readable text: text, values of inputs, tooltips, chart labels, cells. */
function getTexts() {
    const texts = getCells();
    for (const page of getDocuments()) {
        texts.push(page.body.textContent);
        for (const input of page.querySelectorAll("input, textarea")) {
            texts.push(input.value);
        }
        for (const element of page.querySelectorAll("[title], [data-tooltip], [aria-label]")) {
            texts.push(element.title, element.dataset.tooltip, element.ariaLabel);
        }
        for (const canvas of page.querySelectorAll("canvas")) {
            const chart = window.Chart?.getChart(canvas);
            if (chart) {
                texts.push(...chart.data.labels.flat());
                texts.push(...chart.data.datasets.map((dataset) => dataset.label));
            }
        }
    }
    return texts.join("\n");
}

async function look(screen, seen) {
    await settle(screen);
    const live = getLive();
    const texts = getTexts();
    for (const match of texts.matchAll(/⟦([\w.]+)⟧([^⟧]*)⟦end⟧/g)) {
        if (match[2] === PAYLOAD) {
            (seen[match[1]] ||= {})[screen.name] = 1;
        }
    }
    return live.map((what) => `${screen.name}: ${what}`);
}

/** Show the pages of a form's notebooks, one after the other. */
async function turnPages(screen, seen) {
    const live = [];
    const count = document.querySelectorAll(".o_notebook .nav-link").length;
    for (let index = 0; index < count; index++) {
        const page = document.querySelectorAll(".o_notebook .nav-link")[index];
        if (page && !page.classList.contains("disabled")) {
            page.click();
            live.push(
                ...(await look({ ...screen, name: `${screen.name}, ${page.textContent}` }, seen))
            );
        }
    }
    return live;
}

/**
 * Open a screen as an action. Once, on a busy machine, Odoo's board stayed empty for a
 * minute without an error; in that case open it again, as a user would.
 */
async function show(screen) {
    const isThere = () => document.querySelector(screen.selector);
    const act = () => env.services.action.doAction(screen.action, { clearBreadcrumbs: true });
    await act();
    if (screen.action.tag === "action_spreadsheet_dashboard") {
        await until(screen.name, isThere, WAIT / 2).catch(act);
    }
    try {
        await until(screen.name, isThere);
    } catch (error) {
        const text = document.querySelector(".o_action_manager")?.textContent;
        throw new Error(`${error.message}, but: ${text}`);
    }
}

async function open(screen, seen) {
    if (screen.notification) {
        await env.services.action.doAction(screen.action);
        await until(screen.name, () => document.querySelector(".o_notification"));
        return look(screen, seen);
    }
    await show(screen);
    const live = await look(screen, seen);
    if (screen.selector.includes("o_form_view")) {
        live.push(...(await turnPages(screen, seen)));
    }
    document.querySelectorAll(".modal .btn-close").forEach((button) => button.click());
    return live;
}

async function openAll() {
    // A slow machine may need minutes to open the client for the first time.
    const root = await until("the web client", () => odoo.isReady && odoo.__WOWL_DEBUG__?.root, 300000);
    env = root.env;
    listen();
    const live = [];
    const seen = {};
    for (const screen of SCREENS) {
        try {
            live.push(...(await open(screen, seen)));
        } catch (error) {
            live.push(`${screen.name}: ${error.message || error}`);
        }
    }
    const answer = JSON.stringify({ live, seen });
    await env.services.orm.call("ir.config_parameter", "set_param", [ANSWER, answer]);
    console.log("test successful");
}

openAll().catch((error) => console.error(`${error}`));
