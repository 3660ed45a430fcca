// Replaying what a job left. See ending_output.hpp.
#include "client/cli/ending_output.hpp"

#include <unistd.h>

#include "client/cli/exit_code.hpp"
#include "client/cli/job_output.hpp"
#include "client/cli/tell.hpp"

namespace jobpool::cli {
namespace {

Result<void> replay(Context& context, JobId id, const proto::Output& output, OutputStream stream) {
  const int to = stream == OutputStream::standard_output ? STDOUT_FILENO : STDERR_FILENO;
  if (!output.truncated) return write_all(to, output.bytes);
  const Result<JobOutput> file = open_job_output(context, id, stream);
  if (!file) return file.error();
  off_t offset = 0;
  return copy_output(file->file.get(), offset, to);
}

}  // namespace

void append_result(std::string& out, std::string_view result, ResultForm form) {
  nlohmann::json value;
  if (form == ResultForm::raw && result.starts_with('"')) value = nlohmann::json::parse(result, nullptr, false);
  if (value.is_string())
    out += value.get_ref<const std::string&>();
  else
    out += result;
  out += '\n';
}

Result<void> show_output(Context& context, const proto::Ending& ending, ResultForm form) {
  if (auto shown = replay(context, ending.id, ending.standard_output, OutputStream::standard_output); !shown) return shown;
  if (auto shown = replay(context, ending.id, ending.standard_error, OutputStream::standard_error); !shown) return shown;
  if (!ending.result) return {};
  std::string line;
  append_result(line, *ending.result, form);
  return write_all(STDOUT_FILENO, line);
}

int show_ending(Context& context, const proto::Ending& ending, ResultForm form) {
  if (context.json)
    return print(proto::ending_object(ending).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", exit_code(ending));
  if (auto shown = show_output(context, ending, form); !shown) return fail(shown.error());
  const std::string message = ending_message(ending);
  if (!message.empty() && !ending.error_type.empty() && ending.outcome == Outcome::failed)
    (void)write_all(STDERR_FILENO, printable(message) + "\n");  // the function's own words, without our name before them
  else if (!message.empty())
    tell(printable(message));
  return exit_code(ending);
}

}  // namespace jobpool::cli
