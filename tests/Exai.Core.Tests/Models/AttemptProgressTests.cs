using Exai.Core.Calls;
using Exai.Core.Models;

namespace Exai.Core.Tests.Models;

/// <summary>What programs are told beside the words for people.</summary>
public sealed class AttemptProgressTests
{
    private readonly List<CallProgress> _told = [];

    [Fact]
    public void Received_tokens_are_those_of_the_reasoning_and_of_the_answer()
    {
        var progress = new AttemptProgress("glm-4.6", _told.Add);

        progress.Waiting();
        progress.Thinking(400);
        progress.Answering(40);

        _told.ShouldBe(
        [
            new CallProgress("glm-4.6: waiting for the first token", "first_token"),
            new CallProgress("glm-4.6 thinking, 100 tokens", "reasoning") { ReceivedTokens = 100 },
            new CallProgress("glm-4.6 answering, 10 tokens", "answer") { ReceivedTokens = 110 },
        ]);
    }
}
