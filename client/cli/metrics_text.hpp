// What the daemon's Metrics say, as text for a monitoring system. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "proto/metrics_messages.hpp"
#include "proto/queue_messages.hpp"

namespace jobpool::cli {

// openmetrics: OpenMetrics 1.0, which ends with "# EOF". prometheus: the text format 0.0.4, which is what node-exporter's textfile
// collector reads: to it, counters named as OpenMetrics names them have no type.
enum class MetricsFormat { openmetrics, prometheus };

using Labels = std::vector<std::pair<std::string, std::string>>;

// "NAME=VALUE". Errors: invalid_argument: NAME is no name of a label, is one of those that we use ourselves, or VALUE is no UTF-8.
Result<std::pair<std::string, std::string>> parse_label(std::string_view text);

// Each sample has `labels` before its own.
std::string metrics_text(const proto::Metrics& metrics, const std::vector<proto::Queue>& queues, const Labels& labels,
                         MetricsFormat format);

// The one metric of a daemon that does not answer: jobpool_up is 0.
std::string metrics_text_of_nobody(const Labels& labels, MetricsFormat format);

}  // namespace jobpool::cli
