using Exai.Core.Providers;
using Exai.Core.Storage;
using Exai.Settings;
using Exai.Simulator;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>Web search over real HTTP against the simulator, which refuses what the providers are known to refuse.</summary>
public sealed class WebSearchTests
{
    [Theory]
    [InlineData("kimi-k2.6", KimiSearchMode.Builtin, 2)]
    [InlineData("kimi-k2-0905-preview", KimiSearchMode.Builtin, 2)]
    [InlineData("kimi-k2.6", KimiSearchMode.Formula, 3)]
    [InlineData("kimi-k3", KimiSearchMode.Builtin, 3)]
    [InlineData("kimi-k2.7-code", KimiSearchMode.Builtin, 3)]
    public async Task Kimi_searches_and_answers(string model, KimiSearchMode mode, int requests)
    {
        await using var provider = await SimulatedProvider.StartAsync();

        var outcome = await AskAsync(provider, provider.Kimi(mode: mode), model);

        outcome.Failure.ShouldBeNull();
        outcome.Text.ShouldBe("Simulated answer to: \"Hello\". I see 0 earlier messages.");
        outcome.Finish.ShouldBe("stop");
        provider.Routes.Count.ShouldBe(requests);
        outcome.Sources.Select(source => source.Link).ShouldBe(requests == 3 ? ["https://example.com/first", "https://example.com/second"] : []);
    }

    [Theory]
    [InlineData(SimulatorSources.Chunk)]
    [InlineData(SimulatorSources.Delta)]
    [InlineData(SimulatorSources.Message)]
    [InlineData(SimulatorSources.Nested)]
    [InlineData(SimulatorSources.SearchResult)]
    public async Task Glm_sources_are_found_wherever_they_stand(string place)
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { SourcesAt = place });

        var outcome = await AskAsync(provider, provider.Glm(), "glm-4.6");

        outcome.Sources.ShouldBe([
            new WebSource("First simulated source", "https://example.com/first"), new WebSource("Second simulated source", "https://example.com/second")]);
    }

    [Fact]
    public async Task Kimi_whose_formula_is_out_of_order_answers_without_it_and_says_so()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /formulas", Status = 503 });

        var outcome = await AskAsync(provider, provider.Kimi(), "kimi-k3");

        outcome.Text.ShouldStartWith("Simulated answer");
        (outcome.Updates[^1].AdditionalProperties![AnswerNotes.Key] as IReadOnlyList<string>).ShouldNotBeNull().Single().ShouldContain("PROVIDER_ERROR");
    }

    [Fact]
    public async Task Kimi_survives_a_search_that_finds_nothing()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /formulas", EmptyAnswer = true });
        (await AskAsync(provider, provider.Kimi(), "kimi-k3")).Text.ShouldStartWith("Simulated answer");
    }

    /// <summary>Trap 88.</summary>
    [Fact]
    public async Task Cancelled_while_the_formula_runs_the_request_is_given_up()
    {
        await using var provider = await SimulatedProvider.StartAsync(new SimulatorRule { Endpoint = "POST /formulas", HangAt = SimulatorStage.Headers });
        using var cancelled = new CancellationTokenSource();
        var asking = AskAsync(provider, provider.Kimi(), "kimi-k3", cancelled.Token);

        await provider.Server.Log.WaitForCountAsync(2, provider.Patience);
        cancelled.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => asking);
        await provider.Server.Log.WaitForOutcomeAsync(2, SimulatorOutcome.ClientGone, provider.Patience);
    }

    [Fact]
    public async Task Signals_of_every_request_pass_through()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var signals = new CountingSignals();

        await Wire.RunAsync(provider.Kimi(), Wire.Options("kimi-k2.6", new AttemptOptions { WebSearch = true, Signals = signals }), cancellationToken: provider.Patience);

        (signals.Connections, signals.Headers).ShouldBe((2, 2));
        signals.Bytes.ShouldBeGreaterThan(2);
    }

    /// <summary>An image that was uploaded is seen by its reference, without its bytes.</summary>
    [Fact]
    public async Task Kimi_image_goes_up_once_and_is_asked_about_by_its_reference()
    {
        await using var provider = await SimulatedProvider.StartAsync();
        var client = provider.Kimi(files: new MemoryFileIndex());
        var image = await client.GetService<Exai.Core.Providers.Services.IProviderFiles>()!
            .UploadAsync(new Exai.Core.Providers.Services.FileUpload("a.png", new byte[] { 1, 2 }), "image", provider.Patience);

        var outcome = await Wire.RunAsync(
            client, Wire.Options("kimi-k2.6"), [new ChatMessage(ChatRole.User, [new TextContent("What is it?"), new UriContent(image.Reference!, "image/*")])], provider.Patience);

        outcome.Text.ShouldStartWith("Simulated answer to: \"What is it?\"");
        provider.Server.Log.Chats.Single().Body.GetRawText().ShouldContain("ms://file-1");
    }

    private static Task<Outcome> AskAsync(SimulatedProvider provider, IChatClient client, string model, CancellationToken? cancellationToken = null) =>
        Wire.RunAsync(client, Wire.Options(model, new AttemptOptions { WebSearch = true }), cancellationToken: cancellationToken ?? provider.Patience);

    private sealed class CountingSignals : IAttemptSignals
    {
        public int Connections { get; private set; }

        public int Headers { get; private set; }

        public int Bytes { get; private set; }

        public void Connected() => Connections++;

        public void HeadersReceived() => Headers++;

        public void BytesReceived() => Bytes++;

        public void ToolCallReceived()
        {
        }
    }
}
