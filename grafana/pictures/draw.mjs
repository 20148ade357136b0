#!/usr/bin/env node
// Draws the dashboards of grafana/dashboards to PNG files, from a Prometheus that has the history.
// How to run it: README.md beside this file.
import { build } from 'esbuild';
import { mkdir, readdir, readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));

const { values: options } = parseArgs({
  options: {
    prometheus: { type: 'string', default: 'http://127.0.0.1:9090' },
    dashboards: { type: 'string', default: join(here, '..', 'dashboards') },
    dashboard: { type: 'string', multiple: true },
    from: { type: 'string' },
    to: { type: 'string', default: 'now' },
    var: { type: 'string', multiple: true, default: [] },
    theme: { type: 'string', default: 'dark' },
    width: { type: 'string', default: '1600' },
    scrape: { type: 'string', default: '60' },
    'open-rows': { type: 'boolean', default: false },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    out: { type: 'string', default: '.' },
  },
});

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const units = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

// A time as Grafana writes it: now-24h, an ISO time, or milliseconds since 1970.
function time(text, now) {
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(text);
  if (relative) {
    return now - (relative[1] ? Number(relative[1]) * units[relative[2]] : 0);
  }
  const value = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(value) ? value : fail(`"${text}" is no time: say now-24h, 2025-05-24T12:00:00Z or milliseconds.`);
}

function chosen() {
  const set = {};
  for (const one of options.var) {
    const at = one.indexOf('=');
    (set[one.slice(0, at)] ??= []).push(one.slice(at + 1));
  }
  return set;
}

async function bundle() {
  const result = await build({
    entryPoints: [join(here, 'src', 'page.tsx')],
    bundle: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.ttf': 'empty', '.svg': 'text', '.woff': 'empty', '.woff2': 'empty' },
  });
  return Object.fromEntries(result.outputFiles.map((file) => [extname(file.path).slice(1), file.contents]));
}

const types = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const icons = join(here, 'node_modules', '@grafana', 'ui', 'dist', 'public', 'img');

const faces = { Medium: '500-normal', Bold: '700-normal', Italic: '400-italic', MediumItalic: '500-italic' };
const fonts = join(here, 'node_modules', '@fontsource', 'inter', 'files');

const html = `<!doctype html><html><head><meta charset="utf-8"><link rel="stylesheet" href="/page.css">
<style>body { margin: 0; font-family: Inter, Helvetica, Arial, sans-serif; }</style></head>
<body><div id="page"></div><script>window.__grafana_public_path__ = '/public/'; window.process = { env: {} };</script>
<script type="module" src="/page.js"></script></body></html>`;

// The answers, in the order they are looked for; the input changes from dashboard to dashboard.
function serve(files, state) {
  const answer = async (path, query) => {
    if (path === '/') return [200, 'text/html', html];
    if (path === '/input.json') return [200, types['.json'], JSON.stringify(state.input)];
    if (path === '/page.js') return [200, types['.js'], files.js];
    if (path === '/page.css') return [200, types['.css'], files.css ?? ''];
    if (path === '/favicon.ico') return [204, 'text/plain', ''];
    if (path.startsWith('/prometheus/')) {
      const got = await fetch(options.prometheus + path.slice('/prometheus'.length) + query);
      return [200, types['.json'], await got.text()];
    }
    const font = /Inter-(\w+)\.woff2$/.exec(path);
    if (font) return [200, 'font/woff2', await readFile(join(fonts, `inter-latin-${faces[font[1]] ?? '400-normal'}.woff2`))];
    const icon = /\/img\/(icons\/.*\.svg)$/.exec(normalize(path));
    return icon ? [200, types['.svg'], await readFile(join(icons, icon[1]))] : [404, 'text/plain', ''];
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    answer(decodeURIComponent(url.pathname), url.search)
      .catch((error) => [502, types['.json'], JSON.stringify({ status: 'error', error: String(error.cause ?? error) })])
      .then(([status, type, body]) => {
        response.writeHead(status, { 'content-type': type });
        response.end(body);
      });
  });
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(server)));
}

async function draw(context, url, file, width) {
  const page = await context.newPage();
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => errors.push(`page: ${error.message}`));
  await page.setViewportSize({ width, height: 200 });
  await page.goto(url);
  const report = await (await page.waitForFunction(() => window.report, undefined, { timeout: 120_000 })).jsonValue();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.screenshot({ path: file });
  await page.close();
  return { ...report, errors: [...report.errors, ...errors], height };
}

const now = Date.now();
const names = (await readdir(options.dashboards)).filter((name) => name.endsWith('.json')).sort();
const models = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(options.dashboards, name), 'utf8'))));
const wanted = models.filter((model) => !options.dashboard || options.dashboard.includes(model.uid));
const missing = (options.dashboard ?? []).filter((uid) => !models.some((model) => model.uid === uid));
if (missing.length > 0 || wanted.length === 0) {
  fail(`${options.dashboards} has no dashboard ${missing.join(', ') || 'at all'}.`);
}

const state = {};
const server = await serve(await bundle(), state);
const profile = await mkdtemp(join(tmpdir(), 'pictures-'));
const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const context = await chromium.launchPersistentContext(profile, { executablePath: options.chromium, args: flags, timezoneId: 'UTC' });
await mkdir(options.out, { recursive: true });

let faults = 0;
for (const dashboard of wanted) {
  const width = Number(options.width);
  const to = time(options.to, now);
  state.input = {
    dashboard,
    width,
    to,
    from: time(options.from ?? dashboard.time?.from ?? 'now-6h', to),
    theme: options.theme,
    set: chosen(),
    scrape: Number(options.scrape) * 1000,
    openRows: options['open-rows'],
  };
  const file = join(options.out, `${dashboard.uid}.png`);
  const report = await draw(context, `http://127.0.0.1:${server.address().port}/`, file, width);
  console.log(`${file}: ${report.panels} panels, ${report.queries} queries, ${width} x ${report.height}`);
  report.empty.forEach((what) => console.log(`  no data: ${what}`));
  report.errors.forEach((what) => console.error(`  fault: ${what}`));
  faults += report.errors.length;
}

await context.close();
server.close();
await rm(profile, { recursive: true, force: true });
if (faults > 0) {
  fail(`${faults} faults in ${wanted.length} dashboards: the pictures are not to be trusted.`);
}
