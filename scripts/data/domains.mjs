// E-mail domains that somebody can have an address at for a minute. A listed domain stands for all below it.
import { domainToASCII } from 'node:url';

// Where lists are wrong, or go further than a shop can: providers of lasting mailboxes, and services that pass mail on to
// one, whose buyers can be reached years later.
const lasting = new Set(
  `gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com aol.com icloud.com me.com mac.com
  proton.me protonmail.com pm.me tutanota.com tuta.io tuta.com fastmail.com hey.com zoho.com zohomail.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de mail.com
  freenet.de t-online.de posteo.de mailbox.org disroot.org riseup.net cock.li mail.ru inbox.ru list.ru bk.ru yandex.ru yandex.com ya.ru qq.com 163.com 126.com sina.com
  naver.com daum.net libero.it virgilio.it orange.fr laposte.net free.fr wp.pl o2.pl onet.pl interia.pl seznam.cz centrum.cz email.cz ukr.net abv.bg inbox.lv
  vfemail.net safe-mail.net privaterelay.appleid.com duck.com mozmail.com simplelogin.com simplelogin.co aleeas.com slmail.me passmail.net passfwd.com
  anonaddy.com anonaddy.me addy.io docmail.cz`.split(/\s+/),
);

// One label, and what is sold below: `co.uk` in a list is a slip that would take a country with it.
const isRegistry = /^(?:ac|co|com|edu|gob|gov|gv|id|in|mil|ne|net|or|org)\.[a-z]{2}$/;

/** Sorted, each once, as the DNS has them. */
export function disposable(...lists) {
  const all = new Set();
  for (const entry of lists.flat()) {
    const domain = domainToASCII(entry.trim().replace(/^\*?\./, ''));
    if (domain.includes('.') && domain.length <= 253 && !lasting.has(domain) && !isRegistry.test(domain)) all.add(domain);
  }
  return [...all].sort();
}
