using Exai.Core.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Exai.Daemon.Monitoring.Export;

/// <summary>Sends the spans of calls to a collector, in batches and beside the calls: one that is slow or gone costs spans, never a call.</summary>
internal sealed class TraceExport(Collector collector) : IDisposable
{
    private readonly TracerProvider _provider = Sdk.CreateTracerProviderBuilder()
        .AddSource(CallTraces.SourceName)
        .SetResourceBuilder(collector.Resource())
        .AddOtlpExporter(options => collector.Configure(options, "traces"))
        .Build();

    /// <summary>Sends what has gathered.</summary>
    public void Dispose() => _provider.Dispose();
}
