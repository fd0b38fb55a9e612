//! An order's own page: what of it a payment link has not. It is found by the order's id, and opens with a token of its own.

use super::{
    Subject, Visit, actions,
    contact::ASK,
    feedback::MAX_COMMENT,
    form::Form,
    question::{MAX_MESSAGE, MAX_SUBJECT},
    standing::{self, Standing},
    view_model::Forms,
};
use crate::{
    http::{Method, Request, Response},
    platform::Keys,
    shop::{
        App, Error, Refusal,
        error::{FeedbackRefusal, OrderRefusal, QueryRefusal},
        feedback::{self, Opinion, Rating},
        order::{download, receipt},
        query::{self, Question, thread},
        upload,
    },
    words::Words,
};

/// What this address opens; `None`: its token is none of ours.
pub fn opened<'a>(keys: &Keys, order_id: &'a str, token: &str, rest: &[&str]) -> Option<Subject<'a>> {
    if receipt::verify(keys, order_id, token) {
        return Some(Subject::Order(order_id));
    }
    // The seller's webhooks have the link of the file, which opens the file alone.
    (*rest == ["file"] && receipt::opens_file(keys, order_id, token)).then_some(Subject::File(order_id))
}

/// An address that is `opened`.
pub async fn answer(
    app: &App,
    request: &Request,
    words: &'static Words,
    (order_id, token): (&str, &str),
    rest: &[&str],
) -> Result<Response, Error> {
    if !super::allows(app, order_id).await {
        return Ok(super::too_many(app, words, request));
    }
    if let Some(unread) = super::unread(app, words, request).await {
        return Ok(unread);
    }
    let url = format!("/order/{order_id}/{token}");
    let visit = Visit { app, request, order_id: order_id.to_owned(), link: None, words, page: url.clone(), url };
    match (rest, request.method) {
        ([], Method::Get) => actions::order(&visit).await,
        ([], Method::Post) => actions::again(&visit).await,
        (["live"], Method::Get) => Ok(actions::live(&visit)),
        (["test"], Method::Post) => actions::rehearse(&visit).await,
        (["file"], Method::Get) => file(&visit).await,
        (["feedback"], Method::Post) => say(&visit).await,
        (["query"], Method::Post) => ask(&visit).await,
        // A form that was refused is shown at its own address, which is then reloaded or gone back to.
        (["test"], Method::Get) => Ok(Response::see_other(&visit.url)),
        (["feedback"], Method::Get) => Ok(Response::see_other(&format!("{}?stay#feedback", visit.url))),
        (["query"], Method::Get) => Ok(Response::see_other(&format!("{}{ASK}", visit.url))),
        ([] | ["test" | "feedback" | "query"], _) => Ok(Response::empty(405).with("allow", "GET, HEAD, POST")),
        (["live" | "file"], _) => Ok(Response::empty(405).with("allow", "GET, HEAD")),
        _ => Err(Refusal::NotFound.into()),
    }
}

async fn file(visit: &Visit<'_>) -> Result<Response, Error> {
    let found = download::find(visit.app, &visit.order_id).await?;
    let (app, request) = (visit.app, visit.request);
    let sent = match upload::file::download(app, &found.file, request.head, |name| request.header(name)).await {
        // The seller has taken it away at this moment.
        Err(Error::Refused(Refusal::NotFound)) => return Err(OrderRefusal::NothingToDeliver.into()),
        sent => sent?,
    };
    if sent.stream.is_some() {
        download::count(app, &found, sent.status == 206).await;
    }
    Ok(Response::passed_on(sent.status, sent.headers, sent.stream))
}

async fn say(visit: &Visit<'_>) -> Result<Response, Error> {
    let standing = standing::read(visit).await?.ok_or(Refusal::NotFound)?;
    let words = visit.words_of(&standing).await;
    let mut form = Form::read(visit.request);
    let stars = form.value("stars").parse().ok().filter(|stars| (1..=5_u32).contains(stars));
    if stars.is_none() {
        form.refuse("stars", words.order.stars_missing);
    }
    let comment = form.text("comment", MAX_COMMENT, words);
    let Some(stars) = stars.filter(|_| form.is_right()) else {
        return actions::show(visit, &standing, &Forms { feedback: Some(form), ..Forms::default() }, 422).await;
    };
    let Standing { account, order, .. } = &standing;
    let opinion = Opinion { order_id: order.id.clone(), rating: Rating::of_stars(stars), stars, comment };
    match feedback::say(visit.app, account, &opinion).await {
        Ok(_)
        // The page says what is the case now.
        | Err(Error::Refused(
            Refusal::Feedback(FeedbackRefusal::TooOld) | Refusal::Order(OrderRefusal::NotCompleted),
        )) => Ok(Response::see_other(&format!("{}?stay#feedback", visit.url))),
        Err(error) => Err(error),
    }
}

async fn ask(visit: &Visit<'_>) -> Result<Response, Error> {
    let standing = standing::read(visit).await?.ok_or(Refusal::NotFound)?;
    let words = visit.words_of(&standing).await;
    let Standing { account, order, .. } = &standing;
    let mut form = Form::read(visit.request);
    let email = match &order.buyer.email {
        Some(email) => email.clone(),
        None => form.email("email", words),
    };
    let subject = form.title("subject", MAX_SUBJECT, words);
    let message = form.required("message", MAX_MESSAGE, words);
    if form.is_right() {
        let question = Question { order_id: Some(order.id.clone()), subject, email, message };
        match query::ask(visit.app, account, question).await {
            Ok(query) => {
                let keys = &visit.app.platform.settings.token_keys;
                return Ok(Response::see_other(&thread::path(keys, account, &query.id)));
            }
            Err(Error::Refused(Refusal::Query(QueryRefusal::TooMany))) => {
                form.refuse("message", words.order.too_many_questions);
            }
            Err(error) => return Err(error),
        }
    }
    actions::show(visit, &standing, &Forms { question: form, ..Forms::default() }, 422).await
}
