//! Words of the order page: receipt, feedback, questions and their threads.

words! {
    pub struct Order in "order" {
        // The receipt.
        complete,
        free,
        accepted,
        download,
        preparing,
        look_again,
        failed,
        out_of_stock,
        manual,
        stay_for_more,

        // On a payment link: the way to the receipt.
        open_receipt,
        claim_hint,
        claim_nobody,
        other_email,

        // Feedback.
        give_feedback,
        your_feedback,
        thank_you,
        stars,
        stars_one,
        stars_few,
        stars_many,
        stars_missing,
        comment,
        send_feedback,
        change_feedback,
        answered,

        // Questions and their threads.
        questions,
        ask_question,
        subject,
        message,
        send_question,
        too_many_questions,
        query_waits,
        query_replied,
        query_closed,
        query_solved,
        messages,
        earlier_messages,
        you,
        reply,
        reply_again,
        send_reply,
        mark_solved,
        look_for_replies,
        thread_full,

        // What is wrong with a field.
        missing,
        too_long,
        not_printable,

        // Pages that end the matter.
        no_page_title,
        no_page_text,
        no_file_title,
        no_file_text,
        forged_title,
        forged_text,
    }
}
