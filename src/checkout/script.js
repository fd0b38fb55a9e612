// The server renders every state. This fetches the next one, swaps <main> and keeps time; it knows no state itself.
const find = (what, where = document) => where.querySelector(what);
const now = () => performance.now() / 1000;

let main = find('#pay'), born = 0, asked = now(), turn = 0, failed = 0;
let socket, tries = 0, retry = 0, fell = 0, pinged = 0;
// Whoever comes back from the shop wants to see this page, not to be sent away again.
let stay = performance.getEntriesByType('navigation')[0]?.type === 'back_forward';

const say = (text) => { find('#say').textContent = text; };
// `which`: the name of one of the texts that the line brings along, in the page's language.
const trouble = (which) => { const line = find('#trouble'); line.hidden = !which; line.textContent = which ? line.dataset[which] : ''; };

async function load(url, options) {
  const reply = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout?.(20000), ...options });
  return [reply, new DOMParser().parseFromString(await reply.text(), 'text/html')];
}

function show(page) {
  const next = find('#pay', page), focus = document.activeElement, y = scrollY;
  if (!next) throw page;
  const [old, left] = [main, next].map((it) => find('[data-left]', it));
  if (next.dataset.revision === main.dataset.revision && !find('[aria-busy]')) {
    if (old && left) old.dataset.left = left.dataset.left;
  } else {
    const inside = main.contains(focus), open = find('details', main)?.open;
    main.replaceWith(next);
    main = next;
    if (open && find('details', main)) find('details', main).open = true;
    if (inside) (document.getElementById(focus.id) ?? find('h1')).focus({ preventScroll: true });
    scrollTo(0, y);
    document.title = page.title;
    say(find('.state').innerText);
  }
  born = now();
}

// `fresh` also sets the clock anew: a sleeping device stops ours.
async function refresh(fresh) {
  if (!main.dataset.state) return;
  asked = now();
  // Nothing is taken from under somebody's pen.
  if (find('input:focus, textarea:focus', main)) return;
  const mine = ++turn;
  try {
    const [reply, page] = await load(main.dataset.state, { headers: fresh ? {} : { 'If-None-Match': `"${main.dataset.revision}"` } });
    const closed = reply.status === 410; // the link was withdrawn: nothing may be paid here any more
    if (reply.status >= 400 && !closed) throw reply;
    if (mine === turn && (reply.ok || closed)) show(page);
    // A payment link ends on the order's own page.
    if (mine === turn && reply.ok && reply.redirected) history.replaceState(null, '', reply.url.split('?')[0]);
    failed = 0;
    trouble();
  } catch {
    if (++failed > 2) trouble('offline');
  }
}

async function send(form) {
  if (find('[aria-busy]')) return;
  form.setAttribute('aria-busy', 'true');
  try {
    const body = new URLSearchParams(new FormData(form));
    const [reply, page] = await load(form.getAttribute('action'), { method: 'POST', body, headers: { 'X-Requested-With': 'fetch' } });
    turn++;
    trouble();
    show(page);
    if (reply.redirected) history.replaceState(null, '', reply.url);
  } catch {
    trouble('unsent');
  }
  form.removeAttribute('aria-busy');
}

// A page nobody looks at yet, opened in the background or loaded ahead, must not make an order.
function begin() {
  const form = find('form[data-auto]');
  if (form && !document.hidden) send(form);
}

function connect() {
  socket = new WebSocket(new URL(main.dataset.live, location.href.replace(/^http/, 'ws')));
  socket.onopen = () => refresh();
  // Only a message proves the line: a proxy may open sockets and drop them at once.
  socket.onmessage = ({ data }) => { tries = 0; if (data !== 'pong') refresh(); };
  socket.onclose = () => {
    if (!tries++) fell = now();
    retry = now() + Math.min(30, 2 ** tries) * (0.5 + Math.random());
    socket = null;
  };
}

function follow(left) {
  const open = socket?.readyState === 1;
  if (open && now() - pinged > 30) { pinged = now(); socket.send('ping'); }
  if (!socket && now() > retry) connect();
  // Even an open socket may have lost a message.
  const wait = left && open ? 60 : left && now() - fell > 60 ? 10 : 5;
  if (now() - asked >= wait) refresh(!left);
}

// 14:59, 23:59:59
function face(left) {
  const [hours, minutes, seconds] = [left / 3600, left / 60 % 60, left % 60].map(Math.floor);
  const two = (number) => String(number).padStart(2, 0);
  return (hours ? `${hours}:${two(minutes)}` : minutes) + ':' + two(seconds);
}

function tick() {
  const clock = find('[data-left]', main), back = find('[data-return]', main);
  const until = (seconds) => Math.max(0, Math.ceil(seconds - (now() - born)));
  const left = clock ? until(clock.dataset.left) : 1;
  if (clock) {
    const soon = left < clock.dataset.soon, box = clock.parentElement;
    if (soon && !box.classList.contains('soon')) say(find('#say').dataset.soon);
    box.classList.toggle('soon', soon);
    clock.textContent = face(left);
  }
  if (stay) find('#leaving')?.remove();
  else if (back) {
    const rest = until(back.dataset.return), count = find('[data-count]', main);
    if (count) count.textContent = rest;
    if (!rest) { stay = true; location.assign(back.href); }
  }
  if (main.dataset.live) follow(left);
  else socket?.close();
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(document.createElement('textarea'));
    area.className = 'unseen';
    area.value = text;
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus();
  }
  button.classList.add('on');
  say(find('.flip', button).lastChild.textContent);
  setTimeout(() => { button.classList.remove('on'); say(''); }, 2000);
}

addEventListener('submit', (event) => {
  if (!event.target.matches('[data-swap]')) return;
  event.preventDefault();
  send(event.target);
});
addEventListener('click', ({ target }) => {
  const button = target.closest('[data-copy]');
  if (button) copy(button);
  if (target.closest('[data-stay]')) { stay = true; find('#leaving').remove(); find('#back').focus(); }
});
addEventListener('pageshow', ({ persisted }) => { if (persisted) stay = true; });
document.addEventListener('visibilitychange', () => { begin(); if (!document.hidden) refresh(true); });
document.documentElement.classList.add('js');
begin();
tick();
setInterval(tick, 1000);
