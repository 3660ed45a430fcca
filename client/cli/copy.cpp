// jobpool copy: the folder copier of multiprocessing's tutorials, grown up: the pool's workers copy the files, a queue tells the names that
// are finished, and the progress is shown from that.
#include <unistd.h>

#include "client/cli/copy/copy_run.hpp"
#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

constexpr int kUsualCopySlots = 16;  // enough for the workers of most hosts, and each idle one costs a connection

// nullopt: nothing was typed.
std::optional<std::string> ask_for_source() {
  (void)write_all(STDERR_FILENO, prompt_text(user_language()));
  std::string line;
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') line += byte;
  if (line.empty()) return std::nullopt;
  return line;
}

int refuse_copy(const Error& error) {
  tell(error.text);
  return kExitNotAllCopied;
}

int copy_to(Context& context, const std::string& source, const std::string& target, IfThere if_there, const CopyOptions& copy_options) {
  Result<CopyPlaces> places = find_places(source, target, if_there);
  if (!places) return refuse_copy(places.error());
  const Result<client::Connections*> connections = context.connect();
  if (!connections) return fail(connections.error());
  (*connections)->keep_idle(copy_options.slots);
  if (auto made = make_target(*places); !made) return refuse_copy(made.error());
  return run_copy_job(**connections, *places, copy_options);
}

}  // namespace

int run_copy(Context& context, Words words) {
  Options options(
      context,
      {"copy [options] [SRC [DEST]]",
       "Copies a folder, or a file, with the pool's workers: contents and holes, modes, owners where that is allowed, times, links\n"
       "(symbolic and hard), FIFOs, devices, extended attributes and ACLs. DEST is 'SRC[复件]' when absent; SRC is asked for on a\n"
       "terminal. A file has its name in DEST only when it is whole. An interrupted copy goes on when the same command is run again:\n"
       "files of the same length and time are taken for copied. What cannot be copied is named on stderr, and the rest is copied.\n"
       "Sockets are passed over. Exit code: 0 all is copied, 1 not all is, 130 interrupted.",
       "jobpool copy photos /mnt/backup/photos      jobpool copy --merge --verify photos /mnt/backup/photos"});
  CopyOptions copy_options;
  bool merge = false, verbose = false;
  std::string pool{proto::kDefaultPool};
  std::optional<int> slots;
  options.flag("--merge", "DEST may be there: what it has not, or has otherwise, is copied; nothing is removed from it", merge);
  options.flag("--verify", "compare the contents afterwards, of what was there already too", copy_options.verify);
  options.flag("--sync", "each file is on disk before it has its name; without it a loss of power may cost the last ones",
               copy_options.sync);
  options.flag("-v, --verbose", "print each name that is finished", verbose);
  declare_pool(options, "POOL", "the pool whose workers copy; 'default' when absent", pool);
  options.integer("-j, --slots", "N", "how many jobs are submitted at once; 16 when absent", {1, 1000}, slots);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() > 2) return options.misused("one SRC and one DEST, please");

  std::string source = parsed.operands.empty() ? "" : parsed.operands.front();
  if (parsed.operands.empty()) {
    if (::isatty(STDIN_FILENO) != 1) return options.misused("name what to copy");
    const std::optional<std::string> typed = ask_for_source();
    if (!typed) return options.misused("name what to copy");
    source = *typed;
  }
  const Result<std::string> target = parsed.operands.size() == 2 ? Result<std::string>(parsed.operands[1]) : default_target(source);
  if (!target) return refuse_copy(target.error());
  if (source.empty() || target->empty()) return options.misused("a name is empty");
  copy_options.names = context.json ? NamesShown::json : verbose ? NamesShown::verbose : NamesShown::none;
  copy_options.pool = pool;
  copy_options.slots = static_cast<std::size_t>(slots.value_or(kUsualCopySlots));
  return copy_to(context, source, *target, merge ? IfThere::merge : IfThere::refuse, copy_options);
}

}  // namespace jobpool::cli
