// The server renders every state. This fetches the next one, swaps <main> and keeps time; it knows no state itself.
const find = (what, where = document) => where.querySelector(what);
const now = () => performance.now() / 1000;

let main = find('#pay'), born = 0, asked = now(), turn = 0, failed = 0;
let socket, tries = 0, retry = 0, fell = 0, pinged = 0, typed = -60, composing = false;
// Whoever comes back from the shop wants to see this page, not to be sent away again.
let stay = performance.getEntriesByType('navigation')[0]?.type === 'back_forward';

const say = (text) => { find('#say').textContent = text; };
// `which`: the name of one of the texts that the line brings along, in the page's language.
const trouble = (which) => { const line = find('#trouble'); line.hidden = !which; line.textContent = which ? line.dataset[which] : ''; };

// What stands around <main> is in the language of the page as it was first.
function speak(page) {
  const { lang, dir } = page.documentElement, here = document.documentElement;
  if (lang === here.lang) return;
  Object.assign(here, { lang, dir });
  for (const it of ['header', 'footer', '#say', '#trouble']) find(it).replaceWith(find(it, page));
}

async function load(url, options) {
  const reply = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout?.(20000), ...options });
  return [reply, new DOMParser().parseFromString(await reply.text(), 'text/html')];
}

// Whether somebody has begun to fill it in.
const begun = (form) => [...form.elements].some((it) =>
  it.type === 'radio' || it.type === 'checkbox' ? it.checked !== it.defaultChecked : it.matches('input, textarea') && it.value !== it.defaultValue);
const forms = (where) => [...where.querySelectorAll('form')];
const like = (form, where) => forms(where).find((other) => other.getAttribute('action') === form.getAttribute('action'));
// An element of the old page on the next one: by its id, its place in its form, or its place among its kind.
function again(it, old, next) {
  if (it.id) return find(`#${CSS.escape(it.id)}`, next);
  const among = (where) => [...(it.form ? (where === old ? it.form : like(it.form, where))?.elements ?? [] : where.querySelectorAll(it.tagName))];
  const found = among(next)[among(old).indexOf(it)];
  // A button of another name is another button.
  return it.matches('a, button') && found?.textContent !== it.textContent ? undefined : found;
}

// `sent`: the form that this page answers.
function show(page, sent) {
  const next = find('#pay', page), focus = document.activeElement, y = scrollY;
  if (!next) throw page;
  const [old, left] = [main, next].map((it) => find('[data-left]', it));
  if (next.dataset.revision === main.dataset.revision && !find('[aria-busy]')) {
    if (old && left) old.dataset.left = left.dataset.left;
  } else {
    // A form that is half filled in goes on as it is. Where the next page has no place for it, that page waits.
    const kept = forms(main).filter((form) => form !== sent && begun(form)).map((form) => [form, like(form, next)]);
    if (!next.dataset.revision.endsWith('-notice') && kept.some(([, place]) => !place)) return;
    const inside = main.contains(focus), from = focus?.selectionStart, to = focus?.selectionEnd;
    const open = [...main.querySelectorAll('details')].filter((it) => it.open).map((it) => again(it, main, next));
    const place = inside && !(sent && focus.form === sent) && !kept.some(([form]) => form.contains(focus)) && again(focus, main, next);
    kept.forEach(([form, place]) => place?.replaceWith(form));
    main.replaceWith(next);
    main = next;
    open.forEach((it) => { if (it) it.open = true; });
    if (inside) {
      const it = place || (next.contains(focus) ? focus : sent && find('[aria-invalid]', next) || find('h1'));
      it.focus({ preventScroll: true });
      if (it === focus && from != null) it.setSelectionRange(from, to);
    }
    scrollTo(0, y);
    document.title = page.title;
    speak(page);
    say(find('.state').innerText);
  }
  born = now();
}

// `fresh` also sets the clock anew: a sleeping device stops ours.
async function refresh(fresh) {
  if (!main.dataset.state) return;
  // Nothing is taken from under somebody's pen while it moves: a form that is moved closes a phone's keyboard.
  if (find('input:focus, textarea:focus', main) && (composing || now() - typed < 20)) { asked = -60; return; }
  asked = now();
  const mine = ++turn;
  try {
    // Who writes stays.
    const url = main.dataset.state, writes = !url.includes('?') && forms(main).some(begun);
    const [reply, page] = await load(writes ? `${url}?stay` : url, { headers: fresh ? {} : { 'If-None-Match': `"${main.dataset.revision}"` } });
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
    show(page, form);
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
addEventListener('input', (event) => { typed = now(); composing = event.isComposing; });
addEventListener('compositionend', () => { composing = false; });
addEventListener('pageshow', ({ persisted }) => { if (persisted) stay = true; });
document.addEventListener('visibilitychange', () => { begin(); if (!document.hidden) refresh(true); });
document.documentElement.classList.add('js');
begin();
tick();
setInterval(tick, 1000);
