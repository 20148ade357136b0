// Looks at the status page with Chromium, as people and screen readers do, and prints as JSON what
// it saw. Nothing is judged here: tests/integration/browser says what is right.
//
//   node look.mjs PAGE PROFILE [PICTURE=WIDTHxHEIGHT:SCHEME:QUERY ...]
//
// PAGE is the page's address, PROFILE a folder of its own for Chromium. Each PICTURE is a file that
// the page is drawn to, as a PNG; SCHEME is light, dark or print.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { launched } from './browser.mjs';

const LANGUAGES = ['en', 'fr'];
const SCHEMES = ['light', 'dark'];
const SIZES = { phone: [390, 844], desktop: [1280, 900] };
const WALL = [1920, 1080];
const NARROW = 320;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Elements that a screen reader reads through as part of the text around them.
const INLINE = new Set(['StaticText', 'time', 'strong', 'emphasis', 'Abbr', 'superscript']);
// Boxes without a meaning of their own.
const THROUGH = new Set(['none', 'generic', 'InlineTextBox', 'LineBreak', 'LayoutTable']);
// What is told of a role apart from its name.
const TOLD = ['level', 'expanded', 'current', 'url'];

// The tree as indented lines: role, name, and the text where there is no name.
function outline(nodes) {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const lines = [];
  const tell = (line, depth) => lines.push('  '.repeat(depth) + line.replace(/\s+/g, ' ').trim());
  const children = (node) => (node.childIds ?? []).map((id) => byId.get(id)).filter(Boolean);
  const role = (node) => node.role?.value ?? 'none';
  const text = (node) => (role(node) === 'StaticText'
    ? node.name?.value ?? '' : children(node).map(text).join(''));
  function walk(node, depth, said) {
    let run = '';
    const flush = () => {
      const words = run.replace(/\s+/g, ' ').replace(/ (?=[,.;])/g, '').trim();
      run = '';
      if (words && words !== said) tell(`text "${words}"`, depth);
    };
    const visit = (parent) => {
      for (const child of children(parent)) {
        const what = role(child);
        if (what === 'StaticText') run += ` ${child.name?.value ?? ''}`;
        else if (what === 'ListMarker') continue;
        else if (INLINE.has(what) && !child.ignored) run += ` ${text(child)}`;
        else if (what === 'LineBreak') run += ' ';
        else if (child.ignored || THROUGH.has(what)) visit(child);
        else {
          flush();
          one(child, depth);
        }
      }
    };
    visit(node);
    flush();
  }
  function one(node, depth) {
    const name = (node.name?.value ?? '').replace(/\s+/g, ' ').trim();
    const about = (node.properties ?? [])
      .filter((it) => TOLD.includes(it.name) && `${it.value.value ?? ''}` !== '')
      .map((it) => ` ${it.name}=${it.value.value}`).join('');
    tell(`${role(node)}${name && ` "${name}"`}${about}`, depth);
    walk(node, depth + 1, name);
  }
  one(nodes[0], 0);
  return lines.join('\n');
}

// Everything that is asked of the page's process and of the console, from before the first byte.
async function watched(browser, seen) {
  const page = await browser.newPage();
  page.on('console', (it) => seen.console.push(`${it.type()}: ${it.text()}`));
  page.on('pageerror', (it) => seen.console.push(`error: ${it.message}`));
  const session = await page.createCDPSession();
  await session.send('Network.enable');
  await session.send('Log.enable');
  session.on('Log.entryAdded', ({ entry }) => seen.console.push(`${entry.level}: ${entry.text}`));
  session.on('Network.requestWillBeSent', ({ request }) => {
    seen.requests.push(request.url.startsWith('data:') ? 'data:' : request.url);
  });
  return { page, session };
}

// What axe finds, and what it could not decide. It runs in a world of its own: the page's policy
// allows no script, and is not touched.
async function audit(session) {
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
    frameId: frameTree.frame.id, worldName: 'axe',
  });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression, contextId, awaitPromise: true, returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'axe fails');
    return result.value;
  };
  await evaluate(`${AXE};0`);
  const options = JSON.stringify({
    runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations', 'incomplete'],
  });
  return evaluate(`axe.run(document, ${options}).then(({ violations, incomplete, passes }) => {
    const told = (rules) => rules.flatMap((rule) => rule.nodes.map((node) =>
      rule.id + ': ' + node.target.join(' ') + ': ' + (node.any[0] ?? node.all[0] ?? node.none[0])?.message));
    return { violations: told(violations), incomplete: told(incomplete), passed: passes.length };
  })`);
}

async function wears(page, [width, height], scheme) {
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
}

// How long and how wide the page is, in pixels.
async function extent(session) {
  const { cssContentSize, cssLayoutViewport } = await session.send('Page.getLayoutMetrics');
  return {
    height: cssContentSize.height,
    overflow: Math.max(0, cssContentSize.width - cssLayoutViewport.clientWidth),
  };
}

async function looked(browser, address, language) {
  const seen = { console: [], requests: [], looks: {} };
  const { page, session } = await watched(browser, seen);
  await wears(page, SIZES.desktop, 'light');
  const answer = await page.goto(`${address}?lang=${language}&refresh=off`, { waitUntil: 'load' });
  seen.status = answer.status();
  seen.bytes = (await answer.buffer()).length;
  seen.title = await page.title();
  for (const [size, pixels] of Object.entries(SIZES)) {
    for (const scheme of SCHEMES) {
      await wears(page, pixels, scheme);
      seen.looks[`${size} ${scheme}`] = { ...await audit(session), ...await extent(session) };
    }
  }
  await wears(page, [NARROW, 640], 'light');
  seen.narrow = await extent(session);
  await wears(page, WALL, 'dark');
  seen.wall = await extent(session);
  await wears(page, SIZES.desktop, 'light');
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  seen.tree = outline(nodes);
  await page.close();
  return seen;
}

async function draw(browser, address, wish) {
  const [, file, width, height, scheme, query] = /^(.*)=(\d+)x(\d+):(\w+):(.*)$/.exec(wish);
  const page = await browser.newPage();
  const print = scheme === 'print';
  await wears(page, [Number(width), Number(height)], print ? 'light' : scheme);
  await page.goto(`${address}${query}`, { waitUntil: 'load' });
  if (print) await page.emulateMediaType('print');
  await page.screenshot({ path: file, fullPage: query.includes('full') });
  await page.close();
}

const [address, profile, ...pictures] = process.argv.slice(2);
const browser = await launched(profile);
try {
  const seen = {};
  for (const language of LANGUAGES) seen[language] = await looked(browser, address, language);
  for (const picture of pictures) await draw(browser, address, picture);
  console.log(JSON.stringify(seen, null, 1));
} finally {
  await browser.close();
}
