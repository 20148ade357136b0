// Looks at the status page while its daemon is stopped, goes on, and is dead, and prints as JSON what
// a reader has before them. Nothing is judged here: tests/integration/browser says what is right.
//
//   node stopped.mjs PAGE PROFILE PID
//
// Nobody waits: the browser's clocks are put forward.
import { connect } from 'node:net';
import { launched } from './browser.mjs';

const [address, profile, pid] = process.argv.slice(2);
const signal = (name) => process.kill(Number(pid), name);
const SECOND = 1000;

// The page in a tab, with the animation that uncovers the notice.
async function opened(browser) {
  const page = await browser.newPage();
  const session = await page.createCDPSession();
  for (const domain of ['Network', 'Animation']) await session.send(`${domain}.enable`);
  const notice = new Promise((resolve) => {
    session.on('Animation.animationStarted', ({ animation }) => {
      if (animation.name === 'old') resolve(animation.id);
    });
  });
  await page.goto(address, { waitUntil: 'load' });
  return { page, session, notice: await notice };
}

// What can be read: text that is hidden is not in it.
const words = (page) => page.evaluate('document.body.innerText');

async function after(seconds, { page, session, notice }) {
  const currentTime = seconds * SECOND;
  await session.send('Animation.seekAnimations', { animations: [notice], currentTime });
  return words(page);
}

// What the page asks for when its time to be renewed has come, and what then stands in the tab. The
// browser is asked: the page itself says nothing while its answer is waited for.
async function renewal({ page, session }) {
  const asked = new Promise((resolve) => { session.once('Network.requestWillBeSent', resolve); });
  const budget = 61 * SECOND;
  await session.send('Emulation.setVirtualTimePolicy', { policy: 'advance', budget });
  const { request } = await asked;
  const targetId = page.target()._targetId;
  const browser = await page.browser().target().createCDPSession();
  const { targetInfo } = await browser.send('Target.getTargetInfo', { targetId });
  return { asked: request.url, title: targetInfo.title, url: targetInfo.url };
}

// Whether anybody takes a connection.
function isServed() {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

const browser = await launched(profile);
try {
  const [read, left] = [await opened(browser), await opened(browser)];
  const seen = { title: await read.page.title(), fresh: await words(read.page) };
  signal('SIGSTOP');
  seen.soon = await after(149, read);
  seen.late = await after(151, read);
  seen.renewal = await renewal(left);
  signal('SIGCONT');
  await read.page.reload({ waitUntil: 'load' });
  seen.again = await words(read.page);
  signal('SIGKILL');
  while (await isServed()) { /* It takes a moment to be gone. */ }
  seen.fault = await read.page.goto(address).then(() => null, (fault) => fault.message);
  await read.page.waitForFunction('document.body?.innerText.includes("ERR_")');
  seen.dead = await words(read.page);
  console.log(JSON.stringify(seen, null, 1));
} finally {
  await browser.close();
}
