using System.Net;
using System.Net.Http.Headers;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>The request's JSON. The handler asks for it once a connection stands, which is the only word of that moment that it gives.</summary>
internal sealed class RequestBody : HttpContent
{
    private readonly byte[] _json;
    private readonly IAttemptSignals? _signals;

    public RequestBody(byte[] json, IAttemptSignals? signals)
    {
        _json = json;
        _signals = signals;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <summary>Tells a failure to reach the host from a failure to talk to it.</summary>
    public bool Sent { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // A pooled connection that turns out dead is replaced by the handler, which then asks again.
        if (!Sent)
            _signals?.Connected();
        Sent = true;
        await stream.WriteAsync(_json, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    // A known length keeps the request from being sent in chunks, which some proxies refuse.
    protected override bool TryComputeLength(out long length)
    {
        length = _json.Length;
        return true;
    }
}
