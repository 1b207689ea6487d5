namespace Exai.Simulator.Dialects;

/// <summary>
/// GLM's codes as its documents list them, each with its status and its message in both languages. <c>{reset}</c> becomes the vendor's
/// local time, two hours from the request.
/// </summary>
internal static class GlmErrors
{
    private static readonly Dictionary<string, ProviderProblem> Known = new ProviderProblem[]
    {
        new(401, "1000", "Authentication Failed") { Chinese = "身份验证失败。" },
        new(401, "1001", "Authentication parameter not received in Header, unable to authenticate") { Chinese = "Header 中未收到 Authentication 参数，无法进行身份验证。" },
        new(401, "1003", "Authentication Token expired, please regenerate/obtain") { Chinese = "Authentication Token 已过期，请重新生成/获取。" },
        new(401, "1112", "Your account has been locked, please contact customer service to unlock") { Chinese = "您的账户已被锁定，请联系客服解锁。" },
        new(429, "1113", "Insufficient balance or no resource package. Please recharge.") { Chinese = "余额不足或无可用资源包,请充值。" },
        new(400, "1210", "Incorrect API call parameters, please check the documentation.") { Chinese = "API 调用参数有误，请检查文档。" },
        new(400, "1211", "Unknown Model, please check the model code.") { Chinese = "模型不存在，请检查模型代码。" },
        new(400, "1214", "Incorrect messages parameter, please check the documentation.") { Chinese = "messages 参数非法。请检查文档。" },
        new(403, "1220", "You do not have permission to access this API.") { Chinese = "您无权访问该 API。" },
        new(500, "1230", "API call process error") { Chinese = "API 调用流程出错。" },
        new(400, "1231", "You already have the request: duplicate request_id") { Chinese = "您已有请求：request_id 重复。" },
        new(500, "1234", "Network error, please try again later.") { Chinese = "网络错误，错误id：2026090110150001，请联系客服。" },
        new(400, "1261", "Prompt exceeds max length") { Chinese = "Prompt 超长" },
        new(400, "1301", "System detected potentially unsafe or sensitive content in input or generation.")
        {
            Chinese = "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。",
        },
        new(429, "1302", "High concurrency usage of this API, please reduce concurrency or contact customer service.")
        {
            Chinese = "您当前使用该 API 的并发数过高，请降低并发，或联系客服增加限额。",
        },
        new(429, "1303", "High frequency usage of this API, please reduce frequency or contact customer service.")
        {
            Chinese = "您当前使用该 API 的频率过高，请降低频率，或联系客服增加限额。",
        },
        new(429, "1305", "The service may be temporarily overloaded, please try again later") { Chinese = "该模型当前访问量过大，请您稍后再试" },
        new(429, "1308", "Usage limit reached for 5 hour. Your limit will reset at {reset}") { Chinese = "已达到 5 小时的使用上限。您的限额将在 {reset} 重置。" },
        new(429, "1309", "Your GLM Coding Plan has expired.") { Chinese = "您的 GLM Coding Plan 套餐已到期。" },
        new(429, "1310", "Weekly/Monthly Limit Exhausted. Your limit will reset at {reset}") { Chinese = "您已达到每周/每月使用上限，您的限额将在 {reset} 重置。" },
        new(429, "1311", "Your current subscription plan does not yet include access to this model.") { Chinese = "当前订阅套餐暂未开放该模型权限。" },
        new(429, "1313", "Your account does not comply with the fair use policy.") { Chinese = "您的账号当前使用方式不符合公平使用策略。" },
        new(429, "1701", "Web search concurrency has reached its limit.") { Chinese = "网络搜索并发已达上限，请稍后重试或减少并发请求。" },
        new(400, "1702", "No available search engine service found.") { Chinese = "系统未找到可用的搜索引擎服务。" },
        new(400, "1703", "The search engine did not return valid data.") { Chinese = "搜索引擎未返回有效数据，请调整查询条件。" },
    }.ToDictionary(problem => problem.Code!, StringComparer.Ordinal);

    public static ProviderProblem? Find(string code) => Known.GetValueOrDefault(code);
}
