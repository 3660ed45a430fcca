// jobpool metrics: what a monitoring system collects, on stdout or in a file for node-exporter's textfile collector.
#include "client/cli/metrics_text.hpp"
#include "client/cli/replace_file.hpp"
#include "client/cli/tell.hpp"
#include "client/cli/verbs.hpp"

namespace jobpool::cli {
namespace {

struct MetricsOptions {
  std::string output;
  Labels labels;
  MetricsFormat format = MetricsFormat::openmetrics;
};

void declare_metrics(Options& options, MetricsOptions& wanted) {
  options.text("--output", "FILE", "write it there, as a whole: whoever reads FILE never sees half of it", wanted.output);
  options.value("--label", "NAME=VALUE", "a label for each sample, to tell several daemons apart; may be given several times",
                [&wanted](std::string_view given) -> Result<void> {
                  auto label = parse_label(given);
                  if (!label) return label.error();
                  for (const auto& [name, value] : wanted.labels)
                    if (name == label->first) return Error{Errc::invalid_argument, "the label '" + name + "' is there already"};
                  wanted.labels.push_back(*std::move(label));
                  return {};
                });
  options.value("--format", "F", "openmetrics; or prometheus: what node-exporter's textfile collector reads",
                [&wanted](std::string_view given) -> Result<void> {
                  if (given != "openmetrics" && given != "prometheus")
                    return Error{Errc::invalid_argument, "write openmetrics or prometheus"};
                  wanted.format = given == "prometheus" ? MetricsFormat::prometheus : MetricsFormat::openmetrics;
                  return {};
                });
}

// Nobody is there to be measured: no daemon is started for that.
Result<client::Reply> ask_running(Context& context, std::string_view method) {
  return context.ask(method, "{}", client::Resend::always, Context::Daemon::must_run);
}

Result<std::string> collect(Context& context, const MetricsOptions& wanted) {
  const Result<client::Reply> reply = ask_running(context, "org.jobpool.Pool.Metrics");
  if (!reply) return reply.error();
  if (context.json) return reply->parameters.tree().dump() + "\n";
  const Result<proto::Metrics> metrics = proto::read_metrics(reply->parameters);
  if (!metrics) return metrics.error();
  const Result<client::Reply> listed = ask_running(context, "org.jobpool.Queue.List");
  if (!listed) return listed.error();
  const Result<std::vector<proto::Queue>> queues = proto::read_queues(listed->parameters);
  if (!queues) return queues.error();
  return metrics_text(*metrics, *queues, wanted.labels, wanted.format);
}

}  // namespace

int run_metrics(Context& context, Words words) {
  Options options(
      context,
      {"metrics [options]",
       "What a monitoring system collects, as OpenMetrics text: jobs by pool, state and outcome, how long they waited and ran, commits,\n"
       "workers, restarts, named queues, the store's size. Counters of jobs and histograms begin anew with each broker (after its death, "
       "after a\n"
       "reload: jobpool_broker_start_time_seconds), as rate() expects of counters; those of restarts with each daemon. Starts no daemon;\n"
       "where none answers, --output writes jobpool_up 0 (with --json {\"up\":0}), and the exit code is 125.",
       "jobpool metrics --format prometheus --output /var/lib/prometheus/node-exporter/jobpool.prom"});
  MetricsOptions wanted;
  declare_metrics(options, wanted);
  const Options::Parsed parsed = options.parse(words);
  if (parsed.exit_code) return *parsed.exit_code;
  if (!parsed.operands.empty()) return options.misused("metrics takes no operands");
  const Result<std::string> text = collect(context, wanted);
  if (wanted.output.empty()) return text ? print(*text) : fail(text.error());
  const std::string contents = text ? *text : context.json ? "{\"up\":0}\n" : metrics_text_of_nobody(wanted.labels, wanted.format);
  if (auto written = replace_file(wanted.output, contents); !written) return fail(written.error());
  return text ? 0 : fail(text.error());
}

}  // namespace jobpool::cli
