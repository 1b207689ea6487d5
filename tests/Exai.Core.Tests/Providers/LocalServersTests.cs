using System.Net;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Models;
using Exai.Protocol;
using Exai.Settings;
using Exai.Testing;

namespace Exai.Core.Tests.Providers;

public sealed class LocalServersTests
{
    private static readonly EndpointPreset[] Presets = [.. EndpointPresets.All.Where(preset => preset.IsLocal)];

    [Theory]
    [InlineData("llamacpp", """{"object":"list","data":[{"id":"m","object":"model","owned_by":"llamacpp","meta":{"n_ctx":4096}}]}""", null, true)]
    [InlineData("vllm", """{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm","max_model_len":4096}]}""", null, true)]
    [InlineData("lmstudio", """{"data":[{"id":"qwen/qwen3","object":"model","owned_by":"organization_owner"}],"object":"list"}""", null, true)]
    [InlineData("ollama", """{"object":"list","data":[{"id":"llama3:8b","object":"model","created":1,"owned_by":"library"}]}""", """{"version":"0.12.0"}""", true)]
    [InlineData("ollama", """{"object":"list","data":[{"id":"llama3:8b","object":"model","created":1,"owned_by":"library"}]}""", null, false)]
    [InlineData("ollama", """{"object":"list","data":[{"id":"llama3:8b","object":"model","created":1,"owned_by":"library"}]}""", "<html>", false)]
    [InlineData("llamacpp", """{"object":"list","data":[{"id":"gpt-4","object":"model","owned_by":"openai"}]}""", null, false)]
    [InlineData("vllm", """{"object":"list","data":[]}""", null, false)]
    [InlineData("vllm", """{"data":[{"id":"m","owned_by":"vllm"},{"id":"n"}],"object":"list"}""", null, false)]
    [InlineData("vllm", """["vllm"]""", null, false)]
    [InlineData("llamacpp", "<!doctype html><title>My web server</title>", null, false)]
    [InlineData("llamacpp", null, null, false)]
    public async Task Server_is_believed_only_by_its_list_and_its_own_mark(string preset, string? models, string? version, bool isThere)
    {
        var answers = new Answers { ["/v1/models"] = models, ["/api/version"] = version };
        using var probe = new LocalServerProbe(answers);

        (await probe.IsThereAsync(EndpointPresets.Find(preset)!, TestContext.Current.CancellationToken)).ShouldBe(isThere);

        answers.Requests.ShouldAllBe(request => request.StartsWith("GET http://127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Port_that_refuses_is_no_server()
    {
        using var probe = new LocalServerProbe(new Answers { Failure = new HttpRequestException("refused") });

        (await probe.IsThereAsync(Presets[0], TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    [Fact]
    public void First_look_runs_behind_the_start_and_a_port_that_hangs_is_given_up() => Simulation.Run(async simulation =>
    {
        var servers = new LocalServers(
            Presets,
            async (preset, cancellationToken) =>
            {
                await Task.Delay(preset.Name == "vllm" ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(5), simulation.Time, cancellationToken);
                return preset.Name != "llamacpp";
            },
            preset => TestProviders.Create(preset.Name),
            simulation.Time);

        servers.Start();
        servers.Found.ShouldBeEmpty();
        await Task.Delay(LocalServers.Patience + TimeSpan.FromSeconds(1), simulation.Time);

        servers.Found.Select(provider => provider.Name).ShouldBe(["ollama", "lmstudio"]);
        await servers.DisposeAsync();
    });

    [Fact]
    public void Daemon_that_stops_does_not_wait_for_the_first_look() => Simulation.Run(async simulation =>
    {
        var servers = new LocalServers(
            Presets,
            async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, simulation.Time, cancellationToken);
                return true;
            },
            preset => TestProviders.Create(preset.Name),
            simulation.Time);
        var started = simulation.Time.GetUtcNow();

        servers.Start();
        await servers.DisposeAsync();

        simulation.Time.GetUtcNow().ShouldBe(started);
    });

    [Fact]
    public void Server_that_comes_and_goes_is_the_same_provider_and_is_asked_by_name_only() => Simulation.Run(async simulation =>
    {
        var runs = false;
        var connected = 0;
        await using var servers = new LocalServers(
            Presets,
            (preset, _) => Task.FromResult(runs && preset.Name == "ollama"),
            preset =>
            {
                connected++;
                return TestProviders.Listing(preset.Name, ["llama3", "glm-4.5"]) with { IsDetected = true, Automatic = false };
            },
            simulation.Time);
        var directory = new ModelDirectory([TestProviders.Kimi], ModelCatalogue.Load()) { Lists = new LiveModelLists(simulation.Time), Local = servers };
        var router = new ModelRouter(directory, "auto");
        Task<ModelRoute> AskAsync(string? name) => router.ResolveAsync(new ModelQuestion { Model = name, SystemPrompt = "s", Prompt = "p" }, CancellationToken.None).AsTask();
        await Should.ThrowAsync<CallException>(() => AskAsync("ollama/llama3"));

        runs = true;
        (await AskAsync("ollama/llama3")).Provider.IsDetected.ShouldBeTrue();
        (await AskAsync("ollama")).ModelId.ShouldBe("llama3");
        (await AskAsync(null)).Provider.Name.ShouldBe("kimi");
        var refused = await Should.ThrowAsync<CallException>(() => AskAsync("llama3"));
        refused.Error.Code.ShouldBe(ErrorCodes.ModelNotFound);
        refused.Message.ShouldContain("ask for ollama/llama3");
        (await Should.ThrowAsync<CallException>(() => AskAsync("glm-4.5"))).Error.Code.ShouldBe(ErrorCodes.NoProvider);

        runs = false;
        await servers.LookAsync(CancellationToken.None);
        servers.Found.ShouldBeEmpty();
        runs = true;
        await servers.LookAsync(CancellationToken.None);
        connected.ShouldBe(1);
    });

    /// <summary>Answers by path; 404 for the rest.</summary>
    private sealed class Answers : HttpMessageHandler
    {
        private readonly Dictionary<string, string?> _bodies = [];

        public List<string> Requests { get; } = [];

        public Exception? Failure { get; init; }

        public string? this[string path]
        {
            set => _bodies[path] = value;
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.Method} {request.RequestUri}");
            if (Failure is not null)
            {
                throw Failure;
            }

            return Task.FromResult(_bodies.GetValueOrDefault(request.RequestUri!.AbsolutePath) is { } body
                ? new HttpResponseMessage { Content = new StringContent(body) }
                : new HttpResponseMessage(HttpStatusCode.NotFound));
        }
    }
}
