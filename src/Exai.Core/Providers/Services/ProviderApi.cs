using System.Text;
using System.Text.Json;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Streaming;
using Exai.Protocol;

namespace Exai.Core.Providers.Services;

/// <summary>
/// Requests to a provider beside chat: one body in, one body out, each under a time limit of its own. No retries. Every failure is a
/// <see cref="ProviderException"/> by the same tables as chat, except the caller's own cancellation. Thread-safe.
/// </summary>
internal sealed class ProviderApi(ProviderEndpoint endpoint, Dialect dialect, HttpClient http, TimeProvider timeProvider)
{
    private const int LongestBody = 64 * 1024 * 1024;

    public ProviderEndpoint Endpoint => endpoint;

    public TimeProvider Time => timeProvider;

    public Uri Url(string path) => endpoint.Url(path);

    /// <summary>A request whose answer is JSON; an error within a good status is a failure too.</summary>
    public async Task<JsonElement> JsonAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var failures = Failures(request);
        var body = await TextAsync(request, failures, cancellationToken);
        if (body.AsSpan().TrimStart() is ['<', ..])
            throw failures.NotAnApi();
        try
        {
            using var document = JsonDocument.Parse(body);
            if (VendorError.Find(document.RootElement) is { } error)
                throw failures.FromStream(error, errorEvent: false, Stages.Answer);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw failures.Unreadable("no JSON", exception);
        }
    }

    /// <summary>A request whose answer is the text of a file, or JSON that holds it.</summary>
    public Task<string> TextAsync(ApiRequest request, CancellationToken cancellationToken) => TextAsync(request, Failures(request), cancellationToken);

    public FailureClassifier Failures(ApiRequest request) => new(dialect, endpoint, request.Operation, timeProvider, isOperation: true);

    private async Task<string> TextAsync(ApiRequest request, FailureClassifier failures, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(request.Limit, timeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await SendAsync(request, failures, both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested)
        {
            throw Unknown(failures.TimedOut(request.Limit, exception), request, failures);
        }
        catch (OperationCanceledException exception)
        {
            // The handler's connect timeout.
            throw failures.ConnectTimedOut(exception);
        }
        catch (HttpRequestException exception) when (NeverArrived(exception))
        {
            throw failures.CannotConnect(exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Unknown(failures.Cut(Stages.Answer, exception), request, failures);
        }
    }

    private async Task<string> SendAsync(ApiRequest request, FailureClassifier failures, CancellationToken cancellationToken)
    {
        using var message = ProviderRequest.Create(request.Method, request.Url, endpoint, dialect, http, failures, "application/json", request.BareKey);
        message.Content = request.Content;
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode)
            return await ReadAsync(body, failures, cancellationToken);

        await using var refusal = new ObservedStream(body, signals: null);
        var failure = failures.FromResponse(status, await ResponseReader.ReadErrorAsync(refusal, cancellationToken), response.Headers);
        if (status == 404 && request.FileId is { } id)
            throw failures.FileGone(id, failure);
        // A gateway's word says nothing of what the server behind it did.
        throw status >= 500 ? Unknown(failure, request, failures) : failure;
    }

    private static async Task<string> ReadAsync(Stream body, FailureClassifier failures, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (bytes.Length + read > LongestBody)
                throw failures.Unreadable($"over {LongestBody / (1024 * 1024)} MB", cause: null);
            bytes.Write(buffer, 0, read);
        }

        var text = Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        return text.TrimStart('\uFEFF');
    }

    private static ProviderException Unknown(ProviderException failure, ApiRequest request, FailureClassifier failures) =>
        request.HasEffect ? failures.OutcomeUnknown(failure) : failure;

    private static bool NeverArrived(HttpRequestException exception) => exception.HttpRequestError
        is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;
}
