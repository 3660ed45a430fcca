// How long a crashing process waits for its next start.
#include "daemon/supervisor/backoff.hpp"

#include "tests/support/catch.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Life {
  Backoff backoff{milliseconds(200)};
  TimePoint now{seconds(1000)};

  // The delay of the next start after a life of `age`.
  milliseconds die(milliseconds age, DeathCause cause) {
    backoff.on_start(now);
    now += age;
    backoff.on_death(now, cause);
    const auto delay = std::chrono::duration_cast<milliseconds>(backoff.next_start(now) - now);
    now += delay;
    return delay;
  }
};

}  // namespace

TEST_CASE("five early deaths cost nothing, then the delay doubles from 10 ms up to 5 s") {
  Life life;
  for (int i = 0; i < 5; ++i) CHECK(life.die(milliseconds(1), DeathCause::own_fault) == milliseconds(0));
  for (int expected = 10; expected < 5000; expected *= 2) CHECK(life.die(milliseconds(1), DeathCause::own_fault) == milliseconds(expected));
  CHECK(life.die(milliseconds(1), DeathCause::own_fault) == milliseconds(5000));
  CHECK(life.die(milliseconds(1), DeathCause::own_fault) == milliseconds(5000));
}

TEST_CASE("a worker that is killed again and again is restarted after 10 ms at most") {
  Life life;
  for (int i = 0; i < 1000; ++i) CHECK(life.die(milliseconds(3), DeathCause::killed) <= milliseconds(10));
}

TEST_CASE("a life that is long enough forgives the deaths before it") {
  Life life;
  for (int i = 0; i < 10; ++i) life.die(milliseconds(1), DeathCause::own_fault);
  CHECK(life.die(milliseconds(200), DeathCause::own_fault) == milliseconds(0));
  CHECK(life.die(milliseconds(1), DeathCause::own_fault) == milliseconds(0));
}

TEST_CASE("leaving when told is no death to wait for") {
  Life life;
  for (int i = 0; i < 100; ++i) CHECK(life.die(milliseconds(1), DeathCause::as_told) == milliseconds(0));
}

TEST_CASE("time that has passed since the death counts as waited") {
  Life life;
  for (int i = 0; i < 9; ++i) life.die(milliseconds(1), DeathCause::own_fault);
  life.backoff.on_start(life.now);
  life.backoff.on_death(life.now, DeathCause::own_fault);
  const TimePoint later = life.now + seconds(60);
  CHECK(life.backoff.next_start(later) == later);
}
