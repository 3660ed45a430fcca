// The Asio types of this folder, with the concrete executor: smaller and faster than the type-erased default, in one place.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/posix/descriptor_base.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>

namespace jobpool::broker {

using Executor = asio::io_context::executor_type;
using Awaitable = asio::awaitable<void, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using SteadyTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using WaitType = asio::posix::descriptor_base::wait_type;

// The completion token of every co_await here: the outcome goes to `error`, nothing is thrown.
inline auto into(asio::error_code& error) { return asio::redirect_error(asio::use_awaitable_t<Executor>{}, error); }

// Of a co_await that cannot fail.
inline constexpr asio::use_awaitable_t<Executor> kJustWait{};

}  // namespace jobpool::broker
