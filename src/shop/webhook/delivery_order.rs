//! Whose turn it is: the order in which a batch is sent. Six go at a time, so one account's many, or one receiver's, must not
//! stand before the single one of another.

use super::task::Task;
use crate::shop::time::SECOND;

/// Those that are to be sent now, in lists that go one after the other: a subject's to one receiver, or all of a receiver that
/// fails. The lists' order is fair: the first one of each account, then the second one; and of an account likewise by receivers,
/// those that do well before those that fail. What follows the first list of a slow receiver goes in a second round: if that
/// receiver is silent, one request finds it out.
pub fn turns(tasks: Vec<Task>, now: i64) -> [Vec<Vec<Task>>; 2] {
    let mut lists: Vec<Vec<Task>> = Vec::new();
    for task in tasks {
        // A nudge may come twice, or before a retry's time: then nothing is to be done.
        if task.due_at.is_none() || task.log.next_retry_at.is_some_and(|at| at > now + SECOND) {
            continue;
        }
        match lists.iter_mut().find(|list| list.first().is_some_and(|first| go_together(first, &task))) {
            // A nudge may come twice at once, too.
            Some(list) if list.iter().any(|known| known.seq == task.seq) => {}
            Some(list) => {
                let place = list.iter().position(|known| known.seq > task.seq).unwrap_or(list.len());
                list.insert(place, task);
            }
            None => lists.push(vec![task]),
        }
    }
    lists = ranked(lists, |task| (task.account_id, task.receiver_key().to_owned()));
    lists.sort_by_key(|list| list.first().is_some_and(|task| task.receiver.is_slow(now)));
    let mut met: Vec<(i64, String)> = Vec::new();
    let (first, second) = ranked(lists, |task| task.account_id).into_iter().partition(|list| {
        let Some(task) = list.first().filter(|task| task.receiver.is_slow(now)) else {
            return true;
        };
        let receiver = (task.account_id, task.receiver_key().to_owned());
        let is_first = !met.contains(&receiver);
        met.push(receiver);
        is_first
    });
    [first, second]
}

fn go_together(one: &Task, other: &Task) -> bool {
    let same_receiver = (one.account_id, one.receiver_key()) == (other.account_id, other.receiver_key());
    same_receiver
        && (one.receiver.is_failing() || (&one.subject_id, &one.log.url) == (&other.subject_id, &other.log.url))
}

/// The first list of each group, then the second one of each.
fn ranked<K: PartialEq>(lists: Vec<Vec<Task>>, group: impl Fn(&Task) -> K) -> Vec<Vec<Task>> {
    let mut counts: Vec<(K, usize)> = Vec::new();
    let mut placed: Vec<(usize, Vec<Task>)> = Vec::new();
    for list in lists {
        let Some(key) = list.first().map(&group) else {
            continue;
        };
        let rank = match counts.iter_mut().find(|(known, _)| *known == key) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((key, 0));
                0
            }
        };
        placed.push((rank, list));
    }
    placed.sort_by_key(|(rank, _)| *rank);
    placed.into_iter().map(|(_, list)| list).collect()
}
