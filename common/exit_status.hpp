// Exit statuses of jobpoold that others act on.
#pragma once

namespace jobpool {

// Another daemon has its state directory, or its socket's place (EX_TEMPFAIL): that one is to be asked.
inline constexpr int kExitAnotherDaemon = 75;

// Its options, variables or configuration file are wrong: another start would not help (RestartPreventExitStatus= of the systemd units).
inline constexpr int kExitMisconfigured = 2;

// In a trial run before a reload, and nothing else is wrong: workers run whose shared memory has another layout. It is to be asked again
// when they have left.
inline constexpr int kExitOtherLayout = 80;

}  // namespace jobpool
