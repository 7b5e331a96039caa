/// Messages that wait on chain for who is away.
///
/// A mailbox is a shared object. Anyone can transfer a `MessageObject`, which holds ciphertext, to the mailbox's
/// address; only the holder of the mailbox's `MailboxOwnerCap` can take it out, read or not, and delete it. Whoever
/// pays for the deleting transaction gets the storage deposit of the message.
///
/// The owner may keep messages in the mailbox, under numbers that count up, and publishes prekeys in it, with which a
/// stranger can write a first message.
module wotid::mailbox;

use iota::dynamic_field;
use iota::dynamic_object_field;
use iota::event;
use iota::transfer::Receiving;

/// The cap belongs to another mailbox.
const EWrongCap: u64 = 0;
/// A piece of a payload is longer than `MAX_CHUNK_BYTES`.
const EChunkTooLarge: u64 = 1;
/// The whole payload would be longer than `MAX_PAYLOAD_BYTES`.
const EPayloadTooLarge: u64 = 2;
/// No message is stored under this number.
const EMessageNotStored: u64 = 3;
/// The prekeys are longer than `MAX_PREKEYS_BYTES`.
const EPrekeysTooLarge: u64 = 4;
/// The number of the prekeys is not the next one.
const EPrekeysNumberNotNext: u64 = 5;
/// The mailbox is retired.
const EMailboxRetired: u64 = 6;
/// The mailbox is not retired.
const EMailboxNotRetired: u64 = 7;
/// The mailbox has not been retired for `RETIREMENT_EPOCHS` yet.
const ERetiredTooRecently: u64 = 8;
/// There are messages stored in the mailbox.
const EMessagesStored: u64 = 9;

/// Longest piece of a payload. An argument of a transaction has fewer than 16,384 bytes with its length in front,
/// so each piece can come as one.
const MAX_CHUNK_BYTES: u64 = 16_384;
/// Longest payload, seven full pieces. A signed transaction has at most 131,072 bytes, in which an eighth would not
/// fit beside the rest; and the deposit of a message of this length, 0.87 IOTA, is what a spammer must bring.
const MAX_PAYLOAD_BYTES: u64 = 114_688;
/// Longest publication of prekeys: one argument, as above.
const MAX_PREKEYS_BYTES: u64 = 16_384;
/// Epochs, of a day each on IOTA's networks, from retirement until a mailbox may be closed. What was transferred to a
/// closed mailbox is lost with its deposit, so senders get this long to see the retirement.
const RETIREMENT_EPOCHS: u64 = 30;

/// A mailbox, shared. The ids of messages that wait for it are those of the objects its address owns.
public struct MailboxObject has key {
    id: UID,
    /// The number that the next stored message gets.
    next_index: u64,
    /// How many messages are stored.
    stored: u64,
    /// The number of the last publication of prekeys; zero before the first.
    prekeys_number: u64,
    /// The epoch in which the mailbox was retired.
    retired_epoch: Option<u64>,
}

/// The one authority over a mailbox. Who gives it away gives the mailbox away.
public struct MailboxOwnerCap has key, store {
    id: UID,
    mailbox_id: ID,
}

/// A message. It says nothing of who wrote it or what it says.
public struct MessageObject has key, store {
    id: UID,
    payload: vector<u8>,
}

/// The name of the dynamic field with the prekeys. They are not in the mailbox itself, because every transaction that
/// changes it would pay to write them again.
public struct PrekeysKey has copy, drop, store {}

/// What the owner published last, with its number, so that a reader gets both at once.
public struct Prekeys has drop, store {
    number: u64,
    bytes: vector<u8>,
}

/// A mailbox was created.
public struct MailboxCreated has copy, drop {
    mailbox_id: ID,
    cap_id: ID,
}

/// A message was sent to a mailbox by a function of this module. Messages may arrive without it.
public struct MessageSent has copy, drop {
    mailbox_id: ID,
    message_id: ID,
}

/// The owner claimed a message that was waiting.
public struct MessageClaimed has copy, drop {
    mailbox_id: ID,
    message_id: ID,
}

/// The owner stored a message in the mailbox.
public struct MessageStored has copy, drop {
    mailbox_id: ID,
    message_id: ID,
    index: u64,
}

/// The owner took a stored message out of the mailbox.
public struct MessageTaken has copy, drop {
    mailbox_id: ID,
    message_id: ID,
    index: u64,
}

/// A message was deleted.
public struct MessageDeleted has copy, drop {
    message_id: ID,
}

/// The owner received something that is not a message, or not as one.
public struct ObjectReceived has copy, drop {
    mailbox_id: ID,
    object_id: ID,
}

/// The owner published prekeys.
public struct PrekeysPublished has copy, drop {
    mailbox_id: ID,
    number: u64,
}

/// The owner retired the mailbox: no more messages, please.
public struct MailboxRetired has copy, drop {
    mailbox_id: ID,
    epoch: u64,
}

/// The owner closed the mailbox; it does not exist any more.
public struct MailboxClosed has copy, drop {
    mailbox_id: ID,
}

// === Making and sending ===

/// Creates a mailbox and shares it.
///
/// Emits `MailboxCreated`. Returns the cap, which the caller gives to the owner.
public fun create(ctx: &mut TxContext): MailboxOwnerCap {
    let mailbox = MailboxObject {
        id: object::new(ctx),
        next_index: 0,
        stored: 0,
        prekeys_number: 0,
        retired_epoch: option::none(),
    };
    let cap = MailboxOwnerCap { id: object::new(ctx), mailbox_id: mailbox.id.to_inner() };
    event::emit(MailboxCreated { mailbox_id: cap.mailbox_id, cap_id: cap.id.to_inner() });
    transfer::share_object(mailbox);
    cap
}

/// Makes a message, which whoever has it may extend, send or delete.
///
/// Aborts with `EChunkTooLarge` when the payload has more than `MAX_CHUNK_BYTES`. Returns the message.
public fun new_message(payload: vector<u8>, ctx: &mut TxContext): MessageObject {
    assert!(payload.length() <= MAX_CHUNK_BYTES, EChunkTooLarge);
    MessageObject { id: object::new(ctx), payload }
}

/// Puts a piece at the end of a message's payload.
///
/// Aborts with `EChunkTooLarge` when the piece has more than `MAX_CHUNK_BYTES`, `EPayloadTooLarge` when the whole
/// would have more than `MAX_PAYLOAD_BYTES`.
public fun append(message: &mut MessageObject, chunk: vector<u8>) {
    assert!(chunk.length() <= MAX_CHUNK_BYTES, EChunkTooLarge);
    assert!(message.payload.length() + chunk.length() <= MAX_PAYLOAD_BYTES, EPayloadTooLarge);
    message.payload.append(chunk)
}

/// Transfers a message to a mailbox, where it waits. Nothing checks that `mailbox_id` is a mailbox, exists and is not
/// retired: senders read it first, because what is sent to anything else is lost with its deposit.
///
/// Emits `MessageSent`.
public fun post_message(message: MessageObject, mailbox_id: ID) {
    event::emit(MessageSent { mailbox_id, message_id: message.id.to_inner() });
    transfer::transfer(message, mailbox_id.to_address())
}

/// Makes a message and transfers it to a mailbox, as `new_message` and `post_message` do.
///
/// Aborts with `EChunkTooLarge` when the payload has more than `MAX_CHUNK_BYTES`. Emits `MessageSent`.
public fun send_message(mailbox_id: ID, payload: vector<u8>, ctx: &mut TxContext) {
    post_message(new_message(payload, ctx), mailbox_id)
}

// === Receiving ===

/// Takes a waiting message out.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, and in `iota::transfer` when the ticket
/// is not for a message that waits for this mailbox. Emits `MessageClaimed`. Returns the message.
public fun claim_message(
    mailbox: &mut MailboxObject,
    cap: &MailboxOwnerCap,
    receiving: Receiving<MessageObject>,
): MessageObject {
    mailbox.assert_owned_by(cap);
    let message = transfer::public_receive(&mut mailbox.id, receiving);
    event::emit(MessageClaimed { mailbox_id: cap.mailbox_id, message_id: message.id.to_inner() });
    message
}

/// Takes a waiting message out and stores it.
///
/// Requires and aborts as `claim_message`. Emits `MessageClaimed` and `MessageStored`. Returns the message's number.
public fun claim_and_store(
    mailbox: &mut MailboxObject,
    cap: &MailboxOwnerCap,
    receiving: Receiving<MessageObject>,
): u64 {
    let message = mailbox.claim_message(cap, receiving);
    mailbox.store_message(cap, message)
}

/// Takes a waiting message out and deletes it.
///
/// Requires and aborts as `claim_message`. Emits `MessageClaimed` and `MessageDeleted`.
public fun claim_and_delete(
    mailbox: &mut MailboxObject,
    cap: &MailboxOwnerCap,
    receiving: Receiving<MessageObject>,
) {
    delete_message(mailbox.claim_message(cap, receiving))
}

/// Takes anything out that was transferred to the mailbox's address: coins, caps, junk.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, and in `iota::transfer` when the ticket
/// is not for an object of this type that waits for this mailbox. Emits `ObjectReceived`. Returns the object.
public fun receive_other<T: key + store>(
    mailbox: &mut MailboxObject,
    cap: &MailboxOwnerCap,
    receiving: Receiving<T>,
): T {
    mailbox.assert_owned_by(cap);
    let received = transfer::public_receive(&mut mailbox.id, receiving);
    event::emit(ObjectReceived { mailbox_id: cap.mailbox_id, object_id: object::id(&received) });
    received
}

/// Deletes a message.
///
/// Requires the message itself, which only the cap takes out of a mailbox. Emits `MessageDeleted`.
public fun delete_message(message: MessageObject) {
    let MessageObject { id, payload: _ } = message;
    event::emit(MessageDeleted { message_id: id.to_inner() });
    id.delete()
}

// === Storing ===

/// Stores a message in the mailbox, under the next number. It stays an object that anyone can find by its id.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's. Emits `MessageStored`. Returns the
/// number, which no other message of this mailbox has or will have.
public fun store_message(mailbox: &mut MailboxObject, cap: &MailboxOwnerCap, message: MessageObject): u64 {
    mailbox.assert_owned_by(cap);
    let index = mailbox.next_index;
    event::emit(MessageStored { mailbox_id: cap.mailbox_id, message_id: message.id.to_inner(), index });
    dynamic_object_field::add(&mut mailbox.id, index, message);
    mailbox.next_index = index + 1;
    mailbox.stored = mailbox.stored + 1;
    index
}

/// Takes a stored message out.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, `EMessageNotStored` when there is no
/// message of this number. Emits `MessageTaken`. Returns the message.
public fun take_message(mailbox: &mut MailboxObject, cap: &MailboxOwnerCap, index: u64): MessageObject {
    mailbox.assert_owned_by(cap);
    assert!(mailbox.has_message(index), EMessageNotStored);
    let message: MessageObject = dynamic_object_field::remove(&mut mailbox.id, index);
    event::emit(MessageTaken { mailbox_id: cap.mailbox_id, message_id: message.id.to_inner(), index });
    mailbox.stored = mailbox.stored - 1;
    message
}

/// Takes a stored message out and deletes it.
///
/// Requires and aborts as `take_message`. Emits `MessageTaken` and `MessageDeleted`.
public fun delete_stored(mailbox: &mut MailboxObject, cap: &MailboxOwnerCap, index: u64) {
    delete_message(mailbox.take_message(cap, index))
}

// === The owner's prekeys, and the end ===

/// Publishes signed prekeys in place of those before. The number must be one more than the last, so that nobody who
/// has the cap for a moment can use up the numbers.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, `EMailboxRetired` when the mailbox is
/// retired, `EPrekeysNumberNotNext` when the number is not the next one, `EPrekeysTooLarge` when there are more than
/// `MAX_PREKEYS_BYTES`. Emits `PrekeysPublished`.
public fun publish_prekeys(mailbox: &mut MailboxObject, cap: &MailboxOwnerCap, number: u64, bytes: vector<u8>) {
    mailbox.assert_owned_by(cap);
    assert!(!mailbox.is_retired(), EMailboxRetired);
    assert!(number == mailbox.prekeys_number + 1, EPrekeysNumberNotNext);
    assert!(bytes.length() <= MAX_PREKEYS_BYTES, EPrekeysTooLarge);
    dynamic_field::remove_if_exists<PrekeysKey, Prekeys>(&mut mailbox.id, PrekeysKey {});
    dynamic_field::add(&mut mailbox.id, PrekeysKey {}, Prekeys { number, bytes });
    mailbox.prekeys_number = number;
    event::emit(PrekeysPublished { mailbox_id: cap.mailbox_id, number })
}

/// Retires the mailbox for good: senders that see it stop sending. The owner can still claim what waits.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, `EMailboxRetired` when the mailbox is
/// retired already. Emits `MailboxRetired`.
public fun retire(mailbox: &mut MailboxObject, cap: &MailboxOwnerCap, ctx: &TxContext) {
    mailbox.assert_owned_by(cap);
    assert!(!mailbox.is_retired(), EMailboxRetired);
    mailbox.retired_epoch.fill(ctx.epoch());
    event::emit(MailboxRetired { mailbox_id: cap.mailbox_id, epoch: ctx.epoch() })
}

/// Closes the mailbox: deletes it, its prekeys and its cap. What still waits for it is lost.
///
/// Requires the mailbox's cap. Aborts with `EWrongCap` when it is another's, `EMailboxNotRetired` when the mailbox was
/// not retired, `ERetiredTooRecently` when that is less than `RETIREMENT_EPOCHS` ago, `EMessagesStored` when messages
/// are stored. Emits `MailboxClosed`.
public fun close(mailbox: MailboxObject, cap: MailboxOwnerCap, ctx: &TxContext) {
    mailbox.assert_owned_by(&cap);
    assert!(mailbox.is_retired(), EMailboxNotRetired);
    let MailboxObject { mut id, next_index: _, stored, prekeys_number: _, retired_epoch } = mailbox;
    assert!(ctx.epoch() - retired_epoch.destroy_some() >= RETIREMENT_EPOCHS, ERetiredTooRecently);
    assert!(stored == 0, EMessagesStored);
    dynamic_field::remove_if_exists<PrekeysKey, Prekeys>(&mut id, PrekeysKey {});
    event::emit(MailboxClosed { mailbox_id: id.to_inner() });
    id.delete();
    let MailboxOwnerCap { id: cap_id, mailbox_id: _ } = cap;
    cap_id.delete()
}

// === Views ===

/// Returns the mailbox that a cap belongs to.
public fun mailbox_id(cap: &MailboxOwnerCap): ID { cap.mailbox_id }

/// Returns the number that the next stored message gets.
public fun next_index(mailbox: &MailboxObject): u64 { mailbox.next_index }

/// Returns how many messages are stored.
public fun stored(mailbox: &MailboxObject): u64 { mailbox.stored }

/// True when a message is stored under this number.
public fun has_message(mailbox: &MailboxObject, index: u64): bool {
    dynamic_object_field::exists_(&mailbox.id, index)
}

/// Borrows a stored message. Aborts with `EMessageNotStored` when there is none of this number.
public fun stored_message(mailbox: &MailboxObject, index: u64): &MessageObject {
    assert!(mailbox.has_message(index), EMessageNotStored);
    dynamic_object_field::borrow(&mailbox.id, index)
}

/// Borrows the payload of a message.
public fun payload(message: &MessageObject): &vector<u8> { &message.payload }

/// Returns the number of the last publication of prekeys; zero before the first.
public fun prekeys_number(mailbox: &MailboxObject): u64 { mailbox.prekeys_number }

/// Returns the last publication of prekeys, if there was one.
public fun prekeys(mailbox: &MailboxObject): Option<vector<u8>> {
    if (mailbox.prekeys_number == 0) return option::none();
    let published: &Prekeys = dynamic_field::borrow(&mailbox.id, PrekeysKey {});
    option::some(published.bytes)
}

/// True when the mailbox is retired.
public fun is_retired(mailbox: &MailboxObject): bool { mailbox.retired_epoch.is_some() }

/// Returns the epoch in which the mailbox was retired, if it was.
public fun retired_epoch(mailbox: &MailboxObject): Option<u64> { mailbox.retired_epoch }

/// Returns the longest piece of a payload, in bytes.
public fun max_chunk_bytes(): u64 { MAX_CHUNK_BYTES }

/// Returns the longest payload, in bytes.
public fun max_payload_bytes(): u64 { MAX_PAYLOAD_BYTES }

/// Returns the longest publication of prekeys, in bytes.
public fun max_prekeys_bytes(): u64 { MAX_PREKEYS_BYTES }

/// Returns the epochs from retirement until a mailbox may be closed.
public fun retirement_epochs(): u64 { RETIREMENT_EPOCHS }

fun assert_owned_by(mailbox: &MailboxObject, cap: &MailboxOwnerCap) {
    assert!(cap.mailbox_id == mailbox.id.to_inner(), EWrongCap)
}
