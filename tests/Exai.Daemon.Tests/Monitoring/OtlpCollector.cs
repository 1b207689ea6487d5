using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>One span as it came over the wire.</summary>
internal sealed record ReceivedSpan(
    string TraceId, string SpanId, string ParentId, string Name, ulong Kind, ulong StartNanos, ulong EndNanos, IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Events, string Service);

/// <summary>A collector that takes OTLP over HTTP, as the protocol's .proto files number it.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();

    private OtlpCollector()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        _app = builder.Build();
        _app.Run(async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            _received.Enqueue((context.Request.Path, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        });
    }

    public string Address => _app.Urls.First();

    public IReadOnlyList<string> Paths => [.. _received.Select(request => request.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>All that came, as it came; texts stand in it in clear.</summary>
    public string Everything => string.Concat(_received.Select(request => Encoding.UTF8.GetString(request.Body)));

    public IReadOnlyList<ReceivedSpan> Spans =>
    [
        .. from request in _received
           where request.Path == "/v1/traces"
           from resource in Fields(request.Body, 1)
           let service = Attributes(Fields(resource, 1).Single(), number: 1).GetValueOrDefault("service.name", "")
           from scope in Fields(resource, 2)
           from span in Fields(scope, 2)
           select Span(span, service),
    ];

    public static async Task<OtlpCollector> StartAsync()
    {
        var collector = new OtlpCollector();
        await collector._app.StartAsync(CancellationToken.None);
        return collector;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private static ReceivedSpan Span(byte[] span, string service) => new(
        Convert.ToHexStringLower(Fields(span, 1).Single()), Convert.ToHexStringLower(Fields(span, 2).Single()), Convert.ToHexStringLower(Fields(span, 4).SingleOrDefault([])),
        Encoding.UTF8.GetString(Fields(span, 5).Single()), Number(span, 6), Number(span, 7), Number(span, 8), Attributes(span, number: 9),
        [.. Fields(span, 11).Select(happened => Encoding.UTF8.GetString(Fields(happened, 2).Single()))], service);

    private static Dictionary<string, string> Attributes(byte[] message, int number) => Fields(message, number).ToDictionary(
        pair => Encoding.UTF8.GetString(Fields(pair, 1).Single()),
        pair => Fields(pair, 2).Single() is var value && Fields(value, 1).SingleOrDefault() is { } text ? Encoding.UTF8.GetString(text) : $"{Number(value, 3)}",
        StringComparer.Ordinal);

    private static List<byte[]> Fields(byte[] message, int number) => [.. Read(message).Where(field => field.Number == number && field.Bytes is not null).Select(field => field.Bytes!)];

    private static ulong Number(byte[] message, int number) => Read(message).FirstOrDefault(field => field.Number == number && field.Bytes is null).Value;

    /// <summary>The fields of a protobuf message in their order.</summary>
    private static IEnumerable<(int Number, ulong Value, byte[]? Bytes)> Read(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return (number, Varint(message, ref at), null);
                    break;
                case 1:
                    yield return (number, BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)), null);
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    yield return (number, 0, message[at..(at + length)]);
                    at += length;
                    break;
                case 5:
                    yield return (number, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)), null);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} at {at}.");
            }
        }
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
