using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Exai.Daemon.Monitoring.Metrics;

/// <summary>Keeps the last collection as Prometheus text.</summary>
internal sealed class PrometheusExporter : BaseExporter<Metric>
{
    public string Text { get; private set; } = "";

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var text = new PrometheusText();
        foreach (var metric in batch)
        {
            Write(text, metric);
        }

        Text = text.ToString();
        return ExportResult.Success;
    }

    private static void Write(PrometheusText text, Metric metric)
    {
        switch (metric.MetricType)
        {
            case MetricType.LongSum or MetricType.DoubleSum:
                Write(text, metric, "counter", point => metric.MetricType == MetricType.LongSum ? point.GetSumLong() : point.GetSumDouble());
                break;
            case MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic:
                Write(text, metric, "gauge", point => metric.MetricType == MetricType.LongSumNonMonotonic ? point.GetSumLong() : point.GetSumDouble());
                break;
            case MetricType.LongGauge or MetricType.DoubleGauge:
                Write(text, metric, "gauge", point => metric.MetricType == MetricType.LongGauge ? point.GetGaugeLastValueLong() : point.GetGaugeLastValueDouble());
                break;
            case MetricType.Histogram:
                WriteHistogram(text, metric);
                break;
        }
    }

    private static void Write(PrometheusText text, Metric metric, string type, Func<MetricPoint, double> value)
    {
        var name = text.Begin(metric.Name, metric.Unit, metric.Description, type);
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            text.Sample(name, point.Tags, value(point));
        }
    }

    private static void WriteHistogram(PrometheusText text, Metric metric)
    {
        var name = text.Begin(metric.Name, metric.Unit, metric.Description, "histogram");
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var below = 0L;
            foreach (var bucket in point.GetHistogramBuckets())
            {
                below += bucket.BucketCount;
                text.Sample(name + "_bucket", point.Tags, below, upTo: bucket.ExplicitBound);
            }

            text.Sample(name + "_sum", point.Tags, point.GetHistogramSum());
            text.Sample(name + "_count", point.Tags, point.GetHistogramCount());
        }
    }
}
