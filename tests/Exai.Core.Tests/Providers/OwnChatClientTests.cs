using System.Runtime.CompilerServices;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Tests.Calls;
using Exai.Core.Tests.Models;
using Exai.Settings;
using Exai.Testing;
using Microsoft.Extensions.AI;

namespace Exai.Core.Tests.Providers;

/// <summary>The worked example of docs/adding-a-provider.md: a chat client that knows nothing of this program.</summary>
public sealed class OwnChatClientTests
{
    [Fact]
    public void Client_of_its_own_answers_by_name_with_tokens_price_and_clocks() => Simulation.Run(async simulation =>
    {
        var ledger = new MemoryLedger();
        var answer = await Gateway(simulation, new ParrotClient(TimeSpan.FromSeconds(3), simulation.Time)).AskAsync(
            Question("parrot/polly"), TestGateway.Scope(ledger: ledger), CancellationToken.None);

        (answer.Text, answer.Provider, answer.Model, answer.FinishReason, answer.FirstTokenMs).ShouldBe(("hello? HELLO!", "parrot", "polly", "stop", 3000));
        (ledger.Rows.Single().Tokens.Estimated, ledger.Rows.Single().CostUsd > 0).ShouldBe((true, true));
        answer.Notes.ShouldBeEmpty();
    });

    [Fact]
    public void Client_of_its_own_is_chosen_and_listed_like_any_other() => Simulation.Run(async simulation =>
    {
        var directory = Directory(new ParrotClient(TimeSpan.Zero, simulation.Time));

        (await new ModelRouter(directory, "auto").ResolveAsync(Question(null), CancellationToken.None)).ModelId.ShouldBe("polly");
        (await new ModelRouter(directory, "auto").ResolveAsync(Question("bird"), CancellationToken.None)).ModelId.ShouldBe("polly");
        directory.Offered(directory.Provider("parrot")!).ShouldBe(["polly"]);
    });

    [Fact]
    public void Client_of_its_own_that_hangs_is_ended_by_the_first_token_clock() => Simulation.Run(async simulation =>
    {
        var started = simulation.Time.GetUtcNow();

        var failure = await Should.ThrowAsync<Exception>(() =>
            Gateway(simulation, new ParrotClient(Timeout.InfiniteTimeSpan, simulation.Time)).AskAsync(Question("parrot/polly"), TestGateway.Scope(), CancellationToken.None));

        failure.Message.ShouldContain("first_token clock fired after 75 s");
        (simulation.Time.GetUtcNow() - started).ShouldBeGreaterThanOrEqualTo(TestDaemon.Clocks.FirstTokenPlain);
    });

    [Fact]
    public void Client_of_its_own_that_throws_fails_the_attempt_and_not_the_daemon() => Simulation.Run(async simulation =>
    {
        var failure = await Should.ThrowAsync<Exception>(() =>
            Gateway(simulation, new ParrotClient(TimeSpan.Zero, simulation.Time) { Breaks = true }).AskAsync(Question("parrot/polly"), TestGateway.Scope(), CancellationToken.None));

        failure.Message.ShouldContain("parrot");
        failure.Message.ShouldNotContain("sk-secret");
    });

    private static ModelQuestion Question(string? model) => new() { Model = model, SystemPrompt = "s", Prompt = "hello" };

    private static ModelGateway Gateway(Simulation simulation, IChatClient client) =>
        TestGateway.Create(new ModelRouter(Directory(client), "auto"), simulation.Time, new ListLogger());

    private static ModelDirectory Directory(IChatClient client) => new([Parrot(client, TestDaemon.Clocks)], ModelCatalogue.Load());

    private static ModelProvider Parrot(IChatClient client, ProviderClocks clocks) => new("parrot", client, clocks, ["polly"], MaxOutputTokens: 1000)
    {
        Models = [new ModelDescription { Id = "polly", Window = 8000, PriceIn = 0, PriceOut = 1, Aliases = ["bird"] }],
    };

    private sealed class ParrotClient(TimeSpan delay, TimeProvider time) : IChatClient
    {
        public bool Breaks { get; init; }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var prompt = messages.Last().Text;
            await Task.Delay(delay, time, cancellationToken);
            if (Breaks)
            {
                throw new InvalidOperationException("sk-secret");
            }

            yield return new ChatResponseUpdate(ChatRole.Assistant, prompt + "? ");
            yield return new ChatResponseUpdate(ChatRole.Assistant, prompt.ToUpperInvariant() + "!") { FinishReason = ChatFinishReason.Stop };
        }

        public async Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
