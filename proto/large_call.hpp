// A call with large arguments, of which either side would rather not have a copy more: written around them, and read to where they are
// needed in the end. Client library (writes), broker (reads); any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/messages.hpp"

namespace jobpool::proto {

// A whole call whose parameters are a submission, with its final NUL, but for the arguments of its function: their text is to be put in
// there, escaped.
struct SubmitAround {
  std::string text;
  std::size_t arguments_at;
};
SubmitAround write_submit_around(std::string_view method, const Submission& job);

// The place of a reader's own for large arguments.
class ArgumentsRoom {
 public:
  // `least`: what is written in fewer bytes is put into Submission::arguments, as everywhere.
  explicit ArgumentsRoom(std::size_t least) : least_(least) {}
  std::size_t least() const { return least_; }

  // Called once. `job`: its function and its pool were read. Returns room for `most` bytes, more than which it will not be.
  virtual char* make(const Submission& job, std::size_t most) = 0;
  // What is there by now, from the room's beginning: called each time that some more is, while that is in the processor's cache.
  virtual void on_more(std::string_view arguments) = 0;

 protected:
  ~ArgumentsRoom() = default;

 private:
  const std::size_t least_;
};

// As read_submit(). Where the room was made, Submission::large_arguments is in it.
Result<Submission> read_submit_to(JsonText parameters, ArgumentsRoom& room);

}  // namespace jobpool::proto
