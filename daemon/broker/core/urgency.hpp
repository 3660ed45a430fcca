// How soon a record is to be in the store. Said by whoever wants it written; the store never keeps anybody waiting for longer than this.
#pragma once

namespace jobpool::broker {

enum class Urgency {
  now,    // somebody waits for it: for an id, for a start, for an end
  soon,   // nobody waits: with what comes next, at the latest after as long as a commit takes
  later,  // likewise, and more of the kind are to come within milliseconds: one commit for many
};

}  // namespace jobpool::broker
