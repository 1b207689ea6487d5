namespace Exai.Core.Providers;

/// <summary>Opens a connection to a provider before a question needs one. From <c>IChatClient.GetService</c>. Thread-safe.</summary>
internal sealed class ProviderConnection(ProviderEndpoint endpoint, HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>A server on one's own machine is reached at once, and would have to answer for nothing.</summary>
    public bool IsWorthIt => !endpoint.BaseUrl.IsLoopback;

    /// <summary>
    /// Asks the server for the head of its root, without key and without account, and forgets the answer: the pool keeps the connection. What
    /// fails here is told by the question that meets it.
    /// </summary>
    public async Task WarmAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        using var message = new HttpRequestMessage(HttpMethod.Head, new Uri(endpoint.BaseUrl, "/"))
        {
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };
        try
        {
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, both.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
