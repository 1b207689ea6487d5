using Exai.Protocol;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;

namespace Exai.Daemon.Monitoring.Export;

/// <summary>
/// An OpenTelemetry collector, as OTEL_EXPORTER_OTLP_ENDPOINT names it: gRPC on port 4317, HTTP on any other. What OpenTelemetry's other
/// variables say (headers, service name, resource attributes, sampler) its SDK reads by itself.
/// </summary>
/// <param name="Address">Without the path of a signal.</param>
/// <param name="Epoch">The start of this daemon.</param>
internal sealed record Collector(Uri Address, string Epoch)
{
    private const int GrpcPort = 4317;

    /// <summary>OpenTelemetry's own variable, in milliseconds.</summary>
    private const string TimeoutVariable = "OTEL_EXPORTER_OTLP_TIMEOUT";

    /// <summary>Milliseconds, where the user's variable says nothing: a collector that does not answer must not hold a daemon up that ends.</summary>
    private const int Patience = 2000;

    /// <param name="signal">traces | metrics.</param>
    public void Configure(OtlpExporterOptions options, string signal)
    {
        options.Protocol = Address.Port == GrpcPort ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.TimeoutMilliseconds = Environment.GetEnvironmentVariable(TimeoutVariable) is { Length: > 0 } ? options.TimeoutMilliseconds : Patience;
        options.Endpoint = options.Protocol == OtlpExportProtocol.Grpc ? Address : new Uri($"{Address.AbsoluteUri.TrimEnd('/')}/v1/{signal}");
    }

    /// <summary>Who sends; what the user's own variables say of it wins.</summary>
    public ResourceBuilder Resource() => ResourceBuilder.CreateEmpty()
        .AddService("exai", serviceVersion: Product.Version, serviceInstanceId: Epoch)
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();
}
