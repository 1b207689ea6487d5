using System.Net;
using System.Text;

namespace Exai.Core.Tests.Providers;

/// <summary>The wire's far end: keeps the exact request, answers exact bytes, cut into the given reads.</summary>
internal sealed class VerbatimHandler : HttpMessageHandler
{
    public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

    public string ContentType { get; init; } = "text/event-stream";

    public IReadOnlyList<byte[]> Reads { get; init; } = [];

    /// <summary>Thrown by the read after the last one; null ends the body in good order.</summary>
    public Exception? BodyFailure { get; init; }

    /// <summary>The read after the last one waits until the request is cancelled.</summary>
    public bool Hangs { get; init; }

    /// <summary>Thrown instead of a response.</summary>
    public Exception? SendFailure { get; init; }

    public Dictionary<string, string> ResponseHeaders { get; init; } = [];

    public string? RequestJson { get; private set; }

    public HttpRequestMessage? Request { get; private set; }

    public Dictionary<string, string> RequestHeaders { get; } = [];

    public int Requests { get; private set; }

    public ScriptedStream? Body { get; private set; }

    public static VerbatimHandler Answering(string body) => new() { Reads = [Encoding.UTF8.GetBytes(body)] };

    public static VerbatimHandler Failing(int status, string body, string contentType = "application/json") =>
        new() { Status = (HttpStatusCode)status, Reads = [Encoding.UTF8.GetBytes(body)], ContentType = contentType };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests++;
        Request = request;
        foreach (var (name, values) in request.Headers.NonValidated)
            RequestHeaders[name] = values.ToString();
        if (SendFailure is not null)
            throw SendFailure;

        if (request.Content is not null)
            RequestJson = await request.Content.ReadAsStringAsync(cancellationToken);
        Body = new ScriptedStream(Reads, BodyFailure, Hangs);
        var response = new HttpResponseMessage(Status) { Content = new StreamContent(Body), RequestMessage = request };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        foreach (var (name, value) in ResponseHeaders)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }
}

/// <summary>Gives one piece per read.</summary>
internal sealed class ScriptedStream(IReadOnlyList<byte[]> reads, Exception? failure, bool hangs) : MemoryStream
{
    private int _next;
    private int _offset;

    public bool IsDisposed { get; private set; }

    public int ReadCount { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadCount++;
        while (_next < reads.Count && _offset == reads[_next].Length)
            (_next, _offset) = (_next + 1, 0);
        if (_next < reads.Count)
        {
            var count = Math.Min(buffer.Length, reads[_next].Length - _offset);
            reads[_next].AsMemory(_offset, count).CopyTo(buffer);
            _offset += count;
            return count;
        }

        if (hangs)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return failure is null ? 0 : throw failure;
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
