// jobpool pool resize: another number of workers, while jobs go on.
#include <charconv>

#include "client/cli/pool.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

// nullopt in the value: as configured.
Result<std::optional<int>> parse_pool_size(const std::string& text) {
  if (text == "auto") return std::optional<int>{};
  int size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error == std::errc{} && end == text.data() + text.size() && size >= 0 && size <= static_cast<int>(kMaxWorkers))
    return std::optional<int>{size};
  return Error{Errc::invalid_argument,
               "'" + printable(text) + "' is no number of workers: 0 to " + std::to_string(kMaxWorkers) + ", or auto"};
}

}  // namespace

int run_pool_resize(Context& context, Words words) {
  Options options(context, {"pool resize [options] POOL N",
                            "Gives a pool N workers, now and after a restart. Fewer: workers with a job leave when it has ended; 0\n"
                            "drains the pool. For the pool 'default', N may be auto: as the daemon's configuration says.",
                            "jobpool pool resize images 8"});
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (parsed.operands.size() != 2) return options.misused("pool resize needs a pool and a number of workers");
  if (const std::string fault = pool_name_fault(parsed.operands.front()); !fault.empty()) return options.misused(fault);
  const Result<std::optional<int>> size = parse_pool_size(parsed.operands[1]);
  if (!size) return options.misused(size.error().text);
  const Result<client::Reply> reply = context.ask("org.jobpool.Pool.Resize", proto::write_resize_pool({parsed.operands.front(), *size}));
  if (!reply) return fail(reply.error());
  return context.json ? print(reply->parameters.tree().dump() + "\n") : 0;
}

}  // namespace jobpool::cli
