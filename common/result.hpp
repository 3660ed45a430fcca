// Result<T>: a value, or an Error that says what went wrong and names the thing it went wrong with.
// Used by every program for what can happen (a peer's death, a full disk, bad input); a broken invariant aborts instead.
// g++ 12 has no std::expected; this is the part of it that we use.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace jobpool {

enum class Errc {
  invalid_argument,   // the caller's own words are off
  not_found,          // no such job, pool, file, function
  already_exists,     // the name or the key is taken by something else
  permission_denied,  // the peer may not do this
  full,               // a bounded thing is full; try again later
  closed,             // the peer is gone, or the pool takes no more
  timed_out,          // the deadline passed; the thing itself goes on
  protocol,           // the peer broke the rules of the conversation
  io,                 // the operating system refused
  unsupported,        // this build, kernel or version cannot do it
  interrupted,        // the outcome is unknown: whoever did it died
};

struct Error {
  Errc code;
  std::string text;  // one sentence without a final stop, naming the thing: "queue 'mail': full"
};

// An Error that carries errno's text: "open /run/x: Permission denied".
inline Error errno_error(std::string what, int number = errno) {
  const Errc code = number == ENOENT                                                    ? Errc::not_found
                    : number == EEXIST                                                  ? Errc::already_exists
                    : number == EACCES || number == EPERM                               ? Errc::permission_denied
                    : number == EPIPE || number == ECONNRESET || number == ECONNREFUSED ? Errc::closed
                    : number == ETIMEDOUT                                               ? Errc::timed_out
                                                                                        : Errc::io;
  return Error{code, std::move(what) + ": " + std::strerror(number)};
}

template <class T = void>
class [[nodiscard]] Result {
 public:
  Result(T&& value) : state_(std::in_place_index<0>, std::move(value)) {}  // implicit: `return value;`
  Result(const T& value) : state_(std::in_place_index<0>, value) {}
  explicit Result(std::in_place_t) : state_(std::in_place_index<0>) {}       // a value that is yet to be filled in
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // implicit: `return Error{…};`

  explicit operator bool() const { return state_.index() == 0; }

  // Requires: the result holds a value (aborts otherwise: asking first is the caller's contract).
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  // Requires: the result holds an error.
  const Error& error() const {
    const Error* error = std::get_if<1>(&state_);
    if (error == nullptr) std::abort();
    return *error;
  }

 private:
  T& checked() {
    T* value = std::get_if<0>(&state_);
    if (value == nullptr) std::abort();
    return *value;
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}

  explicit operator bool() const { return !failed_; }
  const Error& error() const {
    if (!failed_) std::abort();
    return error_;
  }

 private:
  Error error_{};
  bool failed_ = false;
};

}  // namespace jobpool
