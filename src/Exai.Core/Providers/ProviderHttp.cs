using System.Net;

namespace Exai.Core.Providers;

/// <summary>One connection pool per provider. Time belongs to the attempt's clocks; only the connect timeout lives in the handler.</summary>
internal static class ProviderHttp
{
    /// <summary>DNS answers are looked up anew at this pace; connections in use live on.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Shorter than the few minutes after which routers forget a silent connection without telling anybody.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(3);

    /// <summary>
    /// A response that was not read to its end is read on for this long in the hope of its end, which saves the connection: the last
    /// bytes come after <c>[DONE]</c>. An answer that was left in the middle must not go on for the two seconds that are the default.
    /// </summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A dead HTTP/2 connection does not show until somebody speaks to it, and all calls share it. Only connections with calls are asked.
    /// </summary>
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    public static SocketsHttpHandler CreateHandler(ProviderEndpoint endpoint) => new()
    {
        MaxConnectionsPerServer = endpoint.MaxConnections,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = endpoint.ConnectTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        PooledConnectionIdleTimeout = IdleTimeout,
        ResponseDrainTimeout = DrainTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        // The proxy variables of the environment apply; HttpClient.DefaultProxy reads them. A server on this machine needs no detour,
        // and a proxy would look for it on its own machine.
        UseProxy = !endpoint.BaseUrl.IsLoopback,
        UseCookies = false,
        // Whoever traces calls does so at home: the ids are none of a provider's business.
        ActivityHeadersPropagator = null,
        // A redirect would carry the prompt, and maybe the key, to a host that nobody configured.
        AllowAutoRedirect = false,
    };

    /// <param name="endpoint">Whose pool it is.</param>
    /// <param name="handler">A test's double; null for the real network.</param>
    public static HttpClient CreateClient(ProviderEndpoint endpoint, HttpMessageHandler? handler = null) =>
        new(handler ?? CreateHandler(endpoint))
        {
            Timeout = Timeout.InfiniteTimeSpan,
            // HTTP/2 is agreed upon within TLS; in clear text a local server would have to be known to speak it.
            DefaultRequestVersion = endpoint.BaseUrl.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
}
