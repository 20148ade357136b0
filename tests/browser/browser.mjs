// Debian's Chromium, which asks nobody for anything.
import puppeteer from 'puppeteer-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
// Without these it would ask for updates, variations and accounts as soon as it starts.
const OFFLINE = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

// With `profile` as a folder of its own.
export const launched = (profile) => puppeteer.launch({
  executablePath: CHROMIUM, headless: true, userDataDir: profile, args: OFFLINE,
});
