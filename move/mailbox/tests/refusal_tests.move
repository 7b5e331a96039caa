/// What the mailbox refuses, and with which abort code.
#[test_only]
module wotid::refusal_tests;

use iota::coin::Coin;
use iota::iota::IOTA;
use iota::test_scenario as ts;
use wotid::mailbox::{Self, MessageObject};
use wotid::scenes::{Self, Junk};

// === The cap of another mailbox, for each function that takes one ===

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun claim_message_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let message_id = scenes::sent(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    let _message = mailbox.claim_message(&cap, ts::receiving_ticket_by_id(message_id));
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun claim_and_store_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let message_id = scenes::sent(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.claim_and_store(&cap, ts::receiving_ticket_by_id(message_id));
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun claim_and_delete_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let message_id = scenes::sent(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.claim_and_delete(&cap, ts::receiving_ticket_by_id(message_id));
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun receive_other_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let coin_id = scenes::sent_coin(&mut scenario, first_id, 1);
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    let _coin: Coin<IOTA> = mailbox.receive_other(&cap, ts::receiving_ticket_by_id(coin_id));
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun store_message_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    let message = mailbox::new_message(b"hello", scenario.ctx());
    mailbox.store_message(&cap, message);
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun take_message_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    scenes::stored(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    let _message = mailbox.take_message(&cap, 0);
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun delete_stored_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    scenes::stored(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.delete_stored(&cap, 0);
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun publish_prekeys_refuses_the_cap_of_another_mailbox() {
    let (scenario, first_id, second_id) = scenes::two_mailboxes();
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.publish_prekeys(&cap, 1, b"keys");
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun retire_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.retire(&cap, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::EWrongCap)]
fun close_refuses_the_cap_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let (mut mailbox, cap) = scenes::take(&scenario, first_id, first_id);
    mailbox.retire(&cap, scenario.ctx());
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 30);
    let (mailbox, cap) = scenes::take(&scenario, first_id, second_id);
    mailbox.close(cap, scenario.ctx());
    abort
}

// === Sizes ===

#[test, expected_failure(abort_code = mailbox::EChunkTooLarge)]
fun new_message_refuses_a_piece_of_one_byte_too_many() {
    let mut scenario = ts::begin(scenes::stranger());
    let _message = mailbox::new_message(scenes::bytes(16_385, 0), scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::EChunkTooLarge)]
fun send_message_refuses_a_piece_of_one_byte_too_many() {
    let mut scenario = ts::begin(scenes::stranger());
    mailbox::send_message(@0x1234.to_id(), scenes::bytes(16_385, 0), scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::EChunkTooLarge)]
fun append_refuses_a_piece_of_one_byte_too_many() {
    let mut scenario = ts::begin(scenes::stranger());
    let mut message = mailbox::new_message(b"", scenario.ctx());
    message.append(scenes::bytes(16_385, 0));
    abort
}

#[test, expected_failure(abort_code = mailbox::EPayloadTooLarge)]
fun append_refuses_one_byte_after_seven_full_pieces() {
    let mut scenario = ts::begin(scenes::stranger());
    let mut message = mailbox::new_message(scenes::bytes(16_384, 0), scenario.ctx());
    6u64.do!(|_| message.append(scenes::bytes(16_384, 0)));
    message.append(b"x");
    abort
}

#[test, expected_failure(abort_code = mailbox::EPrekeysTooLarge)]
fun publish_prekeys_refuses_one_byte_too_many() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.publish_prekeys(&cap, 1, scenes::bytes(16_385, 0));
    abort
}

// === Numbers ===

#[test, expected_failure(abort_code = mailbox::EPrekeysNumberNotNext)]
fun publish_prekeys_refuses_to_begin_at_zero() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.publish_prekeys(&cap, 0, b"keys");
    abort
}

#[test, expected_failure(abort_code = mailbox::EPrekeysNumberNotNext)]
fun publish_prekeys_refuses_to_repeat_a_number() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.publish_prekeys(&cap, 1, b"keys");
    mailbox.publish_prekeys(&cap, 1, b"keys");
    abort
}

#[test, expected_failure(abort_code = mailbox::EPrekeysNumberNotNext)]
fun publish_prekeys_refuses_the_largest_number() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.publish_prekeys(&cap, 18_446_744_073_709_551_615, b"keys");
    abort
}

#[test, expected_failure(abort_code = mailbox::EMessageNotStored)]
fun take_message_refuses_a_number_that_was_never_used() {
    let scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let _message = mailbox.take_message(&cap, 0);
    abort
}

#[test, expected_failure(abort_code = mailbox::EMessageNotStored)]
fun delete_stored_refuses_a_number_twice() {
    let (mut scenario, mailbox_id, _) = scenes::two_mailboxes();
    scenes::stored(&mut scenario, mailbox_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, mailbox_id, mailbox_id);
    mailbox.delete_stored(&cap, 0);
    mailbox.delete_stored(&cap, 0);
    abort
}

#[test, expected_failure(abort_code = mailbox::EMessageNotStored)]
fun stored_message_refuses_a_number_that_is_not_stored() {
    let scenario = scenes::one_mailbox();
    let (mailbox, _cap) = scenes::open(&scenario);
    mailbox.stored_message(0);
    abort
}

// === Retirement ===

#[test, expected_failure(abort_code = mailbox::EMailboxRetired)]
fun retire_refuses_to_stamp_twice() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.retire(&cap, scenario.ctx());
    mailbox.retire(&cap, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::EMailboxRetired)]
fun publish_prekeys_refuses_a_retired_mailbox() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.retire(&cap, scenario.ctx());
    mailbox.publish_prekeys(&cap, 1, b"keys");
    abort
}

#[test, expected_failure(abort_code = mailbox::EMailboxNotRetired)]
fun close_refuses_a_mailbox_in_use() {
    let mut scenario = scenes::one_mailbox();
    scenes::wait(&mut scenario, 100);
    let (mailbox, cap) = scenes::open(&scenario);
    mailbox.close(cap, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::ERetiredTooRecently)]
fun close_refuses_after_twenty_nine_epochs() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    mailbox.retire(&cap, scenario.ctx());
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 29);
    let (mailbox, cap) = scenes::open(&scenario);
    mailbox.close(cap, scenario.ctx());
    abort
}

#[test, expected_failure(abort_code = mailbox::EMessagesStored)]
fun close_refuses_while_messages_are_stored() {
    let mut scenario = scenes::one_mailbox();
    let (mut mailbox, cap) = scenes::open(&scenario);
    let message = mailbox::new_message(b"kept", scenario.ctx());
    mailbox.store_message(&cap, message);
    mailbox.retire(&cap, scenario.ctx());
    scenes::shut(&scenario, mailbox, cap);
    scenes::wait(&mut scenario, 30);
    let (mailbox, cap) = scenes::open(&scenario);
    mailbox.close(cap, scenario.ctx());
    abort
}

// === Tickets, which the framework checks ===

#[test, expected_failure(abort_code = iota::transfer::EUnableToReceiveObject)]
fun claim_message_refuses_a_message_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let message_id = scenes::sent(&mut scenario, first_id, b"hello");
    let (mut mailbox, cap) = scenes::take(&scenario, second_id, second_id);
    let _message = mailbox.claim_message(&cap, ts::receiving_ticket_by_id(message_id));
    abort
}

#[test, expected_failure(abort_code = iota::transfer::EUnableToReceiveObject)]
fun receive_other_refuses_an_object_of_another_mailbox() {
    let (mut scenario, first_id, second_id) = scenes::two_mailboxes();
    let junk_id = scenes::sent_junk(&mut scenario, first_id, 1);
    let (mut mailbox, cap) = scenes::take(&scenario, second_id, second_id);
    let _junk: Junk = mailbox.receive_other(&cap, ts::receiving_ticket_by_id(junk_id));
    abort
}

#[test, expected_failure(abort_code = ts::EUnableToAllocateReceivingTicket)]
fun there_is_no_ticket_to_a_message_that_is_something_else() {
    let (mut scenario, first_id, _) = scenes::two_mailboxes();
    let junk_id = scenes::sent_junk(&mut scenario, first_id, 1);
    let _ticket = ts::receiving_ticket_by_id<MessageObject>(junk_id);
    abort
}
