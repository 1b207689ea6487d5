using System.Net;
using System.Net.Http.Headers;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>The request's JSON. The handler asks for it once a connection stands, which is the only word of that moment that it gives.</summary>
internal sealed class RequestBody : ByteArrayContent
{
    private readonly IAttemptSignals? _signals;

    public RequestBody(byte[] json, IAttemptSignals? signals)
        : base(json)
    {
        _signals = signals;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    /// <summary>Whether a failure is one of reaching the host or one of talking to it.</summary>
    public bool Sent { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // A pooled connection that turns out dead is replaced by the handler, which then asks again.
        if (!Sent)
            _signals?.Connected();
        Sent = true;
        return base.SerializeToStreamAsync(stream, context, cancellationToken);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);
}
