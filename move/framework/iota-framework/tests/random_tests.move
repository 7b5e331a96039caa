/// Random numbers; expected values by Node's HMAC-SHA3-256 over the counter, from a seed of 0 to 31.
#[test_only]
module iota::random_tests;

use iota::random::{Self, Random};
use iota::test_scenario as ts;
use iota::test_utils::{assert_eq, destroy};

fun seed(): vector<u8> { vector::tabulate!(32, |at| at as u8) }

#[test]
fun a_seed_gives_the_same_numbers() {
    let mut g = random::new_generator_from_seed_for_testing(seed());
    assert_eq(
        g.generate_bytes(40),
        x"77aec4c96b4f279caf7c56cb6045d786ec731a037227345781174ab6398c426edd3e53e13eefbcad",
    );
    assert_eq(g.generate_u64(), 5904733968527650160);
    assert_eq(g.generate_u8(), 182);
    assert_eq(g.generate_bool(), false);
    assert_eq(g.generate_u16(), 63900);
    assert_eq(g.generate_u32(), 3152734400);
    assert_eq(g.generator_buffer().length(), 8);
    assert_eq(g.generate_u128(), 172143830637801315315988528017273151786);
    assert_eq(g.generator_counter(), 3);
    assert_eq(g.generate_u16_in_range(10, 19), 10);
    assert_eq(g.generator_buffer().length(), 14);
    assert_eq(*g.generator_seed(), seed());
    assert_eq(g.generate_bytes(0), b"");
}

#[test]
fun numbers_stay_in_their_range() {
    let mut g = random::new_generator_for_testing();
    50u64.do!(|_| {
        let n = g.generate_u8_in_range(250, 255);
        assert!(n >= 250);
        let n = g.generate_u16_in_range(7, 9);
        assert!(n >= 7 && n <= 9);
        let n = g.generate_u32_in_range(0, 1);
        assert!(n <= 1);
        let n = g.generate_u64_in_range(0xFFFF_FFFF_FFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFF);
        assert!(n >= 0xFFFF_FFFF_FFFF_FFFE);
        let n = g.generate_u128_in_range(3, 1 << 127);
        assert!(n >= 3 && n <= 1 << 127);
    });
    assert_eq(g.generate_u64_in_range(5, 5), 5);
    assert!(g.generate_u256() != g.generate_u256());
}

#[test, expected_failure(abort_code = random::EInvalidRange)]
fun a_range_is_not_upside_down() { random::new_generator_for_testing().generate_u64_in_range(2, 1); }

#[test]
fun a_shuffle_keeps_the_elements() {
    let mut g = random::new_generator_from_seed_for_testing(seed());
    let mut cards = vector::tabulate!(52, |at| at);
    g.shuffle(&mut cards);
    assert!(cards != vector::tabulate!(52, |at| at));
    52u64.do!(|card| assert!(cards.contains(&card)));
    let mut none = vector<u64>[];
    g.shuffle(&mut none);
    assert!(none.is_empty());
}

#[test, expected_failure(abort_code = random::EInvalidLength)]
fun a_shuffle_has_a_limit() {
    let mut many = vector::tabulate!(65_536, |_| true);
    random::new_generator_for_testing().shuffle(&mut many);
}

fun with_random(rounds: vector<u64>): ts::Scenario {
    let mut scenario = ts::begin(@0x0);
    random::create_for_testing(scenario.ctx());
    scenario.next_tx(@0x0);
    let mut random: Random = scenario.take_shared();
    rounds.do!(|round| random.update_randomness_state_for_testing(round, seed(), scenario.ctx()));
    ts::return_shared(random);
    scenario
}

#[test]
fun generators_differ() {
    let mut scenario = with_random(vector[0, 1, 2]);
    scenario.next_epoch(@0x0);
    let mut random: Random = scenario.take_shared();
    random.update_randomness_state_for_testing(0, x"01", scenario.ctx());
    let (mut one, mut two) = (random.new_generator(scenario.ctx()), random.new_generator(scenario.ctx()));
    assert!(one.generate_bytes(32) != two.generate_bytes(32));
    ts::return_shared(random);
    scenario.end();
}

#[test, expected_failure(abort_code = random::EInvalidRandomnessUpdate)]
fun rounds_begin_with_zero() { destroy(with_random(vector[1])) }

#[test, expected_failure(abort_code = random::EInvalidRandomnessUpdate)]
fun rounds_go_up_by_one() { destroy(with_random(vector[0, 2])) }

#[test, expected_failure(abort_code = random::EInvalidRandomnessUpdate)]
fun rounds_do_not_repeat_in_an_epoch() { destroy(with_random(vector[0, 1, 0])) }

#[test, expected_failure(abort_code = random::ENotSystemAddress)]
fun only_the_network_makes_it() {
    let mut scenario = ts::begin(@0xA);
    random::create_for_testing(scenario.ctx());
    scenario.end();
}

#[test, expected_failure(abort_code = random::ENotSystemAddress)]
fun only_the_network_renews_it() {
    let mut scenario = with_random(vector[]);
    scenario.next_tx(@0xA);
    let mut random: Random = scenario.take_shared();
    random.update_randomness_state_for_testing(0, seed(), scenario.ctx());
    ts::return_shared(random);
    scenario.end();
}
