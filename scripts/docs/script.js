// The examples are this shop's own, and can be copied. Everything works without.
for (const origin of document.querySelectorAll('.origin')) if (location.protocol.startsWith('http')) origin.textContent = location.origin;

if (navigator.clipboard) {
  for (const button of document.querySelectorAll('.copy')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.closest('.panel').querySelector('code').textContent);
      button.textContent = 'Copied';
      setTimeout(() => (button.textContent = 'Copy'), 1500);
    });
  }
}

const menu = document.querySelector('.menu');
menu.addEventListener('click', (event) => {
  if (event.target.closest('a')) menu.open = false;
});

// The contents follow the reader.
const links = new Map([...document.querySelectorAll('.side a')].map((link) => [link.hash.slice(1), link]));
const watched = [...document.querySelectorAll('main [id]')].filter(({ id }) => links.has(id));
let current;
const follow = () => {
  const here = watched.findLast((element) => element.getBoundingClientRect().top < 120) ?? watched[0];
  if (here === current) return;
  links.get(current?.id)?.removeAttribute('aria-current');
  current = here;
  const link = links.get(here.id);
  link.setAttribute('aria-current', 'true');
  const side = document.querySelector('.side');
  const { top, bottom } = link.getBoundingClientRect();
  if (top < 80 || bottom > innerHeight - 20) side.scrollTop += top - innerHeight / 2;
};
addEventListener('scroll', () => requestAnimationFrame(follow), { passive: true });
follow();
