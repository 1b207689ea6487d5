using System.Diagnostics.Metrics;
using Exai.Daemon.Monitoring.Export;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Exai.Daemon.Monitoring.Metrics;

/// <summary>
/// This daemon's meters, gathered by OpenTelemetry: read as Prometheus text when somebody asks, and sent to a collector when the settings name
/// one. Thread-safe.
/// </summary>
internal sealed class MetricsCollection : IDisposable
{
    private static readonly double[] Seconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
    private static readonly double[] Attempts = [1, 2, 3, 5, 10, 20, 50, 100];

    private readonly PrometheusExporter _prometheus = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;
    private readonly Lock _lock = new();

    /// <param name="meter">Meters of other daemons in this process have the same name and do not count.</param>
    /// <param name="collector">Where OTLP goes; null sends nothing.</param>
    public MetricsCollection(Meter meter, Collector? collector)
    {
        _reader = new BaseExportingMetricReader(_prometheus);
        var builder = Sdk.CreateMeterProviderBuilder()
            .AddMeter(meter.Name, "System.Runtime")
            .AddView(instrument => Stream(instrument, meter))
            .AddReader(_reader);
        if (collector is not null)
        {
            builder.SetResourceBuilder(collector.Resource()).AddOtlpExporter(options => collector.Configure(options, "metrics"));
        }

        _provider = builder.Build();
    }

    /// <summary>All series now, in Prometheus text format 0.0.4.</summary>
    public string Text()
    {
        // One collection at a time: the reader hands over what has gathered.
        lock (_lock)
        {
            _reader.Collect();
            return _prometheus.Text;
        }
    }

    public void Dispose() => _provider.Dispose();

    private static MetricStreamConfiguration? Stream(Instrument instrument, Meter meter) =>
        instrument.Meter.Name == meter.Name && instrument.Meter != meter ? MetricStreamConfiguration.Drop
        : instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal)
            ? new ExplicitBucketHistogramConfiguration { Boundaries = instrument.Unit == "s" ? Seconds : Attempts }
        : null;
}
