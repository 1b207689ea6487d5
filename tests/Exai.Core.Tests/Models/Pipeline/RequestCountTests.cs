using System.Text;
using Exai.Core.Models;
using Exai.Core.Models.Catalogue;
using Exai.Core.Providers;
using Exai.Core.Tests.Calls;
using Exai.Protocol;
using Exai.Testing;

namespace Exai.Core.Tests.Models.Pipeline;

/// <summary>Trap 95: a provider that always fails is asked as often as the settings and its class say; no second layer multiplies it.</summary>
public sealed class RequestCountTests(ITestOutputHelper output)
{
    [Fact]
    public void Requests_to_a_model_that_always_fails_are_what_its_class_says_and_never_more_than_the_settings()
    {
        var table = new StringBuilder("RETRY_ATTEMPTS      0  1  2  3  5\n");
        foreach (var failureClass in Enum.GetValues<FailureClass>())
        {
            table.Append($"{failureClass,-18}");
            foreach (var attempts in (int[])[0, 1, 2, 3, 5])
            {
                var requests = Requests(failureClass, attempts);
                requests.ShouldBeLessThanOrEqualTo(1 + attempts);
                table.Append($"{requests,4}"[1..]);
            }

            table.Append('\n');
        }

        output.WriteLine(table.ToString());
        table.ToString().ShouldBe(
            """
            RETRY_ATTEMPTS      0  1  2  3  5
            Stop                1  1  1  1  1
            FallBackWithNotice  1  1  1  1  1
            RetryShort          1  2  3  4  6
            RetryLong           1  2  3  3  3
            RetryOnce           1  2  2  2  2
            Shrink              1  2  2  2  2

            """.ReplaceLineEndings("\n"));
    }

    private static int Requests(FailureClass failureClass, int attempts)
    {
        var requests = 0;
        Simulation.Run(async simulation =>
        {
            var failure = new ProviderException(new CallError { Code = ErrorCodes.ProviderError, Message = "no", Stage = Stages.Headers }, failureClass);
            using var client = new ScriptedChatClient(simulation.Time, _ => [new ScriptStep.Fail(failure)]);
            var router = new ModelRouter([new ModelProvider("glm", client, TestDaemon.Clocks, ["glm-4.6"], 8192)], ModelCatalogue.Load(), "auto");
            var options = new GatewayOptions { Retry = new RetryOptions(attempts, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(4)) };
            var question = new ModelQuestion { SystemPrompt = "system", Prompt = "hello", History = [("first", "answer"), ("second", "answer")] };

            await Should.ThrowAsync<ProviderException>(
                TestGateway.Create(router, simulation.Time, new ListLogger(), options).AskAsync(question, TestGateway.Scope(), CancellationToken.None));

            requests = client.Requests.Count;
        });
        return requests;
    }
}
