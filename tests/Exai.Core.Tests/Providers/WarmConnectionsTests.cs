using Exai.Core.Providers;
using Exai.Testing;

namespace Exai.Core.Tests.Providers;

public sealed class WarmConnectionsTests
{
    [Fact]
    public void Daemon_that_nobody_uses_is_silent() => Simulation.Run(async simulation =>
    {
        var provider = new VerbatimHandler();
        await using var warm = Warm(simulation, "https://api.z.ai/api/paas/v4", provider);

        await Task.Delay(TimeSpan.FromHours(2), simulation.Time);

        provider.Requests.ShouldBe(0);
    });

    [Fact]
    public void Sign_of_life_warms_at_once_and_for_ten_minutes() => Simulation.Run(async simulation =>
    {
        var provider = new VerbatimHandler();
        await using var warm = Warm(simulation, "https://api.z.ai/api/paas/v4", provider);

        warm.Sign();
        await Task.Delay(TimeSpan.FromMilliseconds(1), simulation.Time);
        provider.Requests.ShouldBe(1);
        provider.Request!.RequestUri.ShouldBe(new Uri("https://api.z.ai/"));

        await Task.Delay(TimeSpan.FromHours(2), simulation.Time);
        provider.Requests.ShouldBe(14);

        warm.Sign();
        await Task.Delay(TimeSpan.FromMilliseconds(1), simulation.Time);
        provider.Requests.ShouldBe(15);
    });

    [Fact]
    public void Signs_in_between_prolong_and_do_not_multiply() => Simulation.Run(async simulation =>
    {
        var provider = new VerbatimHandler();
        await using var warm = Warm(simulation, "https://api.z.ai/api/paas/v4", provider);

        for (var second = 0; second < 1800; second++)
        {
            warm.Sign();
            await Task.Delay(TimeSpan.FromSeconds(1), simulation.Time);
        }

        provider.Requests.ShouldBe(41);
    });

    [Fact]
    public void Key_and_headers_of_the_endpoint_stay_here() => Simulation.Run(async simulation =>
    {
        var provider = new VerbatimHandler();
        await using var warm = Warm(simulation, "https://api.z.ai/api/paas/v4", provider);

        warm.Sign();
        await Task.Delay(TimeSpan.FromMilliseconds(1), simulation.Time);

        (provider.Request!.Method, provider.Request.Version).ShouldBe((HttpMethod.Head, System.Net.HttpVersion.Version20));
        provider.RequestHeaders.ShouldBeEmpty();
    });

    [Fact]
    public void Provider_that_fails_or_hangs_is_tried_again_at_the_next_turn() => Simulation.Run(async simulation =>
    {
        var broken = new VerbatimHandler { SendFailure = new HttpRequestException(HttpRequestError.NameResolutionError) };
        var silent = new SilentHandler();
        await using var warm = new WarmConnections(
            [Connection(simulation, "https://api.z.ai/v4", broken), Connection(simulation, "https://api.moonshot.ai/v1", silent)], simulation.Time);

        warm.Sign();
        await Task.Delay(TimeSpan.FromMinutes(5), simulation.Time);

        (broken.Requests, silent.Requests).ShouldBe((5, 5));
    });

    [Fact]
    public void Daemon_that_stops_waits_for_nobody() => Simulation.Run(async simulation =>
    {
        var silent = new SilentHandler();
        var warm = Warm(simulation, "https://api.z.ai/v4", silent);
        warm.Sign();
        await Task.Delay(TimeSpan.FromSeconds(1), simulation.Time);
        var stopped = simulation.Time.GetUtcNow();

        await warm.DisposeAsync();

        (silent.Requests, simulation.Time.GetUtcNow()).ShouldBe((1, stopped));
    });

    [Theory]
    [InlineData("http://127.0.0.1:11434/v1")]
    [InlineData("http://localhost:1234/v1")]
    public void Server_on_this_machine_needs_none(string url) => Simulation.Run(async simulation =>
    {
        var provider = new VerbatimHandler();
        await using var warm = Warm(simulation, url, provider);

        warm.Sign();
        await Task.Delay(TimeSpan.FromMinutes(1), simulation.Time);

        provider.Requests.ShouldBe(0);
    });

    private static WarmConnections Warm(Simulation simulation, string url, HttpMessageHandler handler) =>
        new([Connection(simulation, url, handler)], simulation.Time);

    private static ProviderConnection Connection(Simulation simulation, string url, HttpMessageHandler handler)
    {
        var endpoint = new ProviderEndpoint
        {
            Name = "glm",
            BaseUrl = new Uri(url),
            ApiKey = "glm-test.key-of-test",
            Headers = new Dictionary<string, string> { ["X-Account"] = "account-of-test" },
        };
        return new ProviderConnection(endpoint, ProviderHttp.CreateClient(endpoint, handler), simulation.Time);
    }

    /// <summary>A host that takes the connection and never says a word.</summary>
    private sealed class SilentHandler : HttpMessageHandler
    {
        public int Requests { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            var never = new TaskCompletionSource<HttpResponseMessage>();
            await using var given = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
            return await never.Task;
        }
    }
}
